import { useQueryClient } from '@tanstack/react-query'
import { Button, Modal, Typography } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { whenSessionEnds } from '@/api/client'
import { type Me, SignInForm } from '@/rooms/team/SignInForm'

/**
 * Over the page of `me`: when the session ends, sign in again here, and what was asked for goes on with nothing lost.
 * Whoever else signs in, here or in another tab, gets a page of their own: this one shows what `me` may see.
 */
export function SignInAgain({ me }: { me: Me }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const whose = useRef(me.staff_id)
  const [answer, setAnswer] = useState<((again: boolean) => void) | null>(null)

  useEffect(() => {
    let asking: Promise<boolean> | null = null
    return whenSessionEnds(() => {
      asking ??= new Promise<boolean>((resolve) => setAnswer(() => resolve)).finally(() => {
        asking = null
        setAnswer(null)
      })
      return asking
    })
  }, [])

  const other = me.staff_id !== whose.current
  return (
    <>
      <Modal
        open={answer !== null && !other}
        title={t('sign.ended')}
        footer={null}
        closable={false}
        keyboard={false}
        mask={{ closable: false }}
        width={400}
        destroyOnHidden
      >
        <Typography.Paragraph type="secondary">{t('sign.ended_hint')}</Typography.Paragraph>
        <SignInForm
          login={me.login}
          done={(now) => {
            client.setQueryData(['session'], now)
            // Another person's session must not finish what this one began.
            if (now.staff_id !== whose.current) return
            answer?.(true)
            void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' })
          }}
        />
        <Button type="link" block style={{ marginTop: 8 }} onClick={() => answer?.(false)}>
          {t('sign.leave')}
        </Button>
      </Modal>
      <Modal
        open={other}
        title={t('sign.other', { name: me.name })}
        closable={false}
        keyboard={false}
        mask={{ closable: false }}
        footer={
          <Button type="primary" onClick={() => window.location.reload()}>
            {t('sign.reload')}
          </Button>
        }
      >
        {t('sign.other_hint')}
      </Modal>
    </>
  )
}
