import { EditOutlined } from '@ant-design/icons'
import { Button, Card, Checkbox, Flex, Input, Table, Typography } from 'antd'
import { type ReactNode, useState } from 'react'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'
import { Nothing } from '@/shared/states'
import { when } from '@/shared/when'
import { GroupName } from './GroupName'
import { Carriers, type Group, GroupPlaces, type Tag, TagName, TagPlaces, UseLink } from './parts'
import { SyncBar } from './SyncBar'

type Row = { key: string; group: Group } | { key: string; tag: Tag }

const WIDTH = 4

/** All groups with their tags. */
export function Taxonomy({
  groups,
  show,
  fresh,
}: {
  groups: Group[]
  show: (tag_id: number) => void
  fresh: ReactNode
}) {
  const t = useSay()
  const mayWrite = useMay('tags.write')
  const [words, setWords] = useState('')
  const [past, setPast] = useState(false)
  const [renaming, setRenaming] = useState<number | null>(null)
  const renamed = groups.find((group) => group.group_id === renaming)
  const wanted = words.trim().toLowerCase()
  const rows: Row[] = groups.flatMap((group) => {
    const inside = group.tags.filter(
      (tag) => (past || !tag.retired) && (!wanted || `${tag.path} ${tag.note}`.toLowerCase().includes(wanted)),
    )
    if (wanted && !inside.length) return []
    return [{ key: `g${group.group_id}`, group }, ...inside.map((tag) => ({ key: `t${tag.tag_id}`, tag }))]
  })
  const whole = (row: Row) => ('group' in row ? { colSpan: WIDTH } : {})
  const part = (row: Row) => ('group' in row ? { colSpan: 0 } : {})
  return (
    <>
      <SyncBar />
      <Flex wrap gap={12} align="center" style={{ marginBottom: 12 }}>
        <Input.Search
          allowClear
          value={words}
          onChange={(event) => setWords(event.target.value)}
          placeholder={t('tags.find')}
          aria-label={t('tags.find')}
          style={{ width: 260 }}
        />
        <Checkbox checked={past} onChange={(event) => setPast(event.target.checked)}>
          {t('tags.show_past')}
        </Checkbox>
      </Flex>
      <Card styles={{ body: { padding: 0 } }}>
        <Table<Row>
          rowKey="key"
          dataSource={rows}
          pagination={false}
          size="middle"
          locale={{ emptyText: <Nothing title={t(wanted ? 'tags.none_found' : 'tags.none')}>{fresh}</Nothing> }}
          columns={[
            {
              title: t('tags.tag'),
              onCell: whole,
              render: (_, row) =>
                'group' in row ? (
                  <Flex wrap gap={4} align="center">
                    <Typography.Text strong>{row.group.name}</Typography.Text>
                    {mayWrite && (
                      <Button
                        type="text"
                        size="small"
                        icon={<EditOutlined />}
                        aria-label={t('tags.change_group', { group: row.group.name })}
                        onClick={() => setRenaming(row.group.group_id)}
                      />
                    )}
                    <GroupPlaces group={row.group} />
                  </Flex>
                ) : (
                  <div style={{ paddingInlineStart: 16 }}>
                    <TagName tag={row.tag} show={show} short />
                    <TagPlaces tag={row.tag} />
                    {row.tag.note && <Typography.Text type="secondary">{row.tag.note}</Typography.Text>}
                  </div>
                ),
            },
            {
              title: t('tags.customers'),
              align: 'right',
              width: 90,
              onCell: part,
              render: (_, row) => 'tag' in row && <Carriers tag={row.tag} />,
            },
            {
              title: t('tags.given_by'),
              responsive: ['md'],
              onCell: part,
              render: (_, row) =>
                'tag' in row &&
                (row.tag.given_by.length ? (
                  <Flex vertical>
                    {row.tag.given_by.map((use) => (
                      <UseLink key={`${use.kind}${use.id}`} use={use} />
                    ))}
                  </Flex>
                ) : (
                  <Typography.Text type="secondary">{t('tags.by_people')}</Typography.Text>
                )),
            },
            {
              title: t('tags.last_given'),
              responsive: ['sm'],
              width: 150,
              onCell: part,
              render: (_, row) => 'tag' in row && when(row.tag.last_given_at),
            },
          ]}
        />
      </Card>
      {renamed && <GroupName group={renamed} close={() => setRenaming(null)} />}
    </>
  )
}
