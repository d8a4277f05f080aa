import type { ThemeConfig } from 'antd'

/** One look: quiet surfaces, one green. */
export const theme: ThemeConfig = {
  token: {
    colorPrimary: '#0e7a5f',
    colorLink: '#0e7a5f',
    colorTextBase: '#14302a',
    borderRadius: 6,
    fontFamily:
      '"PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", system-ui, sans-serif',
  },
  components: {
    Layout: { headerBg: '#ffffff', bodyBg: '#f5f8f7', siderBg: '#ffffff' },
    Menu: { itemSelectedBg: '#e3f2ec', itemSelectedColor: '#0e7a5f', itemHoverBg: '#f2f6f4' },
    Table: { headerBg: '#f2f6f4' },
  },
}
