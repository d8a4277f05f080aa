import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, Space } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useTags } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'

/** Makes a tag (and its group when it is new) from "group/name". */
export function NewTag({ made }: { made: (tag_id: number) => void }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const groups = useTags().data?.groups ?? []
  const [path, setPath] = useState('')
  const [group, name, ...more] = path.split('/').map((part) => part.trim())
  const fits = Boolean(group && name && more.length === 0)
  const making = useMutation({
    mutationFn: async () => {
      const known = groups.find((one) => one.name === group)?.group_id
      const group_id = known ?? (await data(api.POST('/api/tags/groups', { body: { name: group ?? '' } }))).group_id
      return data(
        api.POST('/api/tags/groups/{group_id}/tags', {
          params: { path: { group_id } },
          body: { name: name ?? '', note: '' },
        }),
      )
    },
    onSuccess: async (tag) => {
      await client.invalidateQueries({ queryKey: ['tags'] })
      setPath('')
      made(tag.tag_id)
    },
    onError: tell.failed,
  })
  return (
    <Form.Item label={t('customer.tag_new')}>
      <Space.Compact block>
        <Input
          aria-label={t('customer.tag_new')}
          placeholder={t('customer.tag_new_hint')}
          value={path}
          onChange={(event) => setPath(event.target.value)}
        />
        <Button disabled={!fits} loading={making.isPending} onClick={() => making.mutate()}>
          {t('shared.add')}
        </Button>
      </Space.Compact>
    </Form.Item>
  )
}
