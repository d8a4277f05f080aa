import {
  BookOutlined,
  FileTextOutlined,
  FormOutlined,
  LayoutOutlined,
  LinkOutlined,
  MessageOutlined,
  NotificationOutlined,
  PictureOutlined,
} from '@ant-design/icons'
import type { ReactNode } from 'react'

export const ICONS: Record<string, ReactNode> = {
  article: <FileTextOutlined />,
  ebook: <BookOutlined />,
  form: <FormOutlined />,
  image: <PictureOutlined />,
  landing: <LayoutOutlined />,
  link: <LinkOutlined />,
  text: <MessageOutlined />,
  template: <NotificationOutlined />,
}
