import { type ComponentType, type FunctionComponent, useEffect, useReducer, useState } from 'react'
import { ApiError } from '@/api/client'
import { Failure, Loading } from './states'

type Part<P> = FunctionComponent<P> & { preload?: () => Promise<void> }

function away(): ApiError {
  return new ApiError(0, 'unreachable', 'The server cannot be reached; check the network or try again', null, {})
}

/** Whether the server answers, so that a part that is missing is one of screens that were replaced meanwhile. */
async function answers(): Promise<boolean> {
  try {
    return (await fetch('/healthz')).ok
  } catch {
    return false
  }
}

/**
 * A part of the screens that is loaded when it is first shown. While the server is away it says so and can be tried
 * again. (The router's own lazy components reload the page instead, and the browser then shows its own blank one.)
 */
export function later<P extends object>(load: () => Promise<{ default: ComponentType<P> }>): Part<P> {
  let found: ComponentType<P> | undefined
  const fetched = async () => {
    found ??= (await load()).default
  }
  const Later: Part<P> = (props) => {
    const [, draw] = useReducer((count: number) => count + 1, 0)
    const [tries, again] = useReducer((count: number) => count + 1, 0)
    const [fault, setFault] = useState<ApiError | null>(null)
    useEffect(() => {
      if (found) return undefined
      let here = true
      fetched().then(
        () => here && draw(),
        async () => {
          if (tries > 0 && (await answers())) window.location.reload()
          else if (here) setFault(away())
        },
      )
      return () => {
        here = false
      }
    }, [tries])
    const Shown = found
    if (Shown) return <Shown {...props} />
    if (!fault) return <Loading />
    return (
      <Failure
        error={fault}
        retry={() => {
          setFault(null)
          again()
        }}
      />
    )
  }
  // The router keeps the former page in view until this is done.
  Later.preload = () => fetched().catch(() => undefined)
  return Later
}
