export const words = {
  zh: {
    'sign.wrong_password': '账号或密码不对',
    'sign.sign_in_blocked': '密码错误次数过多，请 15 分钟后再试',
    'role.operator': '运营',
    'role.sales': '销售',
    'role.manager': '管理者',
    'role.admin': '管理员',
  },
  en: {
    'sign.wrong_password': 'Login or password is wrong',
    'sign.sign_in_blocked': 'Too many wrong passwords; try again in 15 minutes',
    'role.operator': 'Operator',
    'role.sales': 'Sales',
    'role.manager': 'Manager',
    'role.admin': 'Administrator',
  },
}
