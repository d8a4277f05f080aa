import { Flex, Tag } from 'antd'
import { api, data } from '@/api/client'
import { useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import type { Reply } from './drafts'
import { ReplyForm } from './ReplyForm'
import { RuleList } from './RuleList'
import { TryBox } from './TryBox'

/** The automatic replies, and a box that says what would be answered. */
export function ReplyList() {
  const t = useSay()
  const names = useNames()
  return (
    <Flex vertical gap={12}>
      <TryBox />
      <RuleList<Reply>
        words="replies"
        id={(row) => row.reply_id}
        load={() => data(api.GET('/api/replies'))}
        remove={(reply_id) => data(api.DELETE('/api/replies/{reply_id}', { params: { path: { reply_id } } }))}
        about={(row) => t(`replies.kind.${row.kind}`)}
        before={[
          {
            title: t('replies.words'),
            render: (_, row) => (
              <Flex wrap gap={4} style={{ maxWidth: 280 }}>
                {row.kind === 'keyword' && <Tag>{t(`replies.match.${row.match}`)}</Tag>}
                {row.words.slice(0, 6).map((word) => (
                  <span key={word}>“{word}”</span>
                ))}
                {row.words.length > 6 && <span>{t('replies.words_more', { count: row.words.length })}</span>}
              </Flex>
            ),
          },
        ]}
        whom={(row) => row.account_id !== null && names.account(row.account_id)}
        form={(reply, close) => <ReplyForm writing={{ reply }} close={close} />}
      />
    </Flex>
  )
}
