import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { App as AntApp, ConfigProvider } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/client'
import { makeRouter } from '@/app/router'
import { theme } from '@/app/theme'

function makeClient(): QueryClient {
  // A session that ended is noticed by whatever asks next: the frame then leads to the sign-in and back.
  const ended = (error: unknown) => {
    if (error instanceof ApiError && error.status === 401) client.setQueryData(['session'], null)
  }
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: ended }),
    mutationCache: new MutationCache({ onError: ended }),
    defaultOptions: {
      // A company's server may be reachable where the browser sees no internet, so nothing is paused.
      mutations: { networkMode: 'always' },
      queries: {
        networkMode: 'always',
        staleTime: 5_000,
        refetchOnWindowFocus: true,
        // What the server refused will be refused again; only a lost connection is worth another try.
        retry: (count, error) => (!(error instanceof ApiError) || error.status === 0) && count < 2,
      },
    },
  })
  return client
}

export function App() {
  const { i18n } = useTranslation()
  const [client] = useState(makeClient)
  const [router] = useState(makeRouter)
  return (
    <ConfigProvider locale={i18n.language === 'zh' ? zhCN : enUS} theme={theme}>
      <AntApp>
        <QueryClientProvider client={client}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </AntApp>
    </ConfigProvider>
  )
}
