import type { ThemeConfig } from 'antd'

/** One look: quiet surfaces, one green. */
export const theme: ThemeConfig = {
  token: {
    colorPrimary: '#0e7a5f',
    colorLink: '#0e7a5f',
    colorTextBase: '#14302a',
    // Grey words of the default theme have a contrast below 3:1; these have 5:1 and more on white.
    colorTextSecondary: '#4f635d',
    colorTextDescription: '#5f736d',
    colorTextTertiary: '#5f736d',
    colorTextPlaceholder: '#71827d',
    borderRadius: 6,
    // Who asks the system for less motion gets none.
    motion: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
    fontFamily:
      '"PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", system-ui, sans-serif',
  },
  components: {
    Layout: { headerBg: '#ffffff', bodyBg: '#f5f8f7', siderBg: '#ffffff' },
    Menu: { itemSelectedBg: '#e3f2ec', itemSelectedColor: '#0e7a5f', itemHoverBg: '#f2f6f4' },
    Table: {
      headerBg: '#f2f6f4',
      cellPaddingBlock: 11,
      headerSplitColor: 'transparent',
      rowHoverBg: '#f6faf8',
      rowSelectedBg: '#edf6f2',
      rowSelectedHoverBg: '#e3f2ec',
    },
  },
}
