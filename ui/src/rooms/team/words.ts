export const words = {
  zh: {
    'sign.again': '登录后回到刚才的页面',
    'sign.login_missing': '请输入账号',
    'sign.password_missing': '请输入密码',
    'sign.wrong_password': '账号或密码不对',
    'sign.sign_in_blocked': '密码错误次数过多，请 15 分钟后再试',
    'role.operator': '运营',
    'role.sales': '销售',
    'role.manager': '管理者',
    'role.admin': '管理员',
  },
  en: {
    'sign.again': 'Sign in to return to where you were',
    'sign.login_missing': 'Enter your login',
    'sign.password_missing': 'Enter your password',
    'sign.wrong_password': 'Login or password is wrong',
    'sign.sign_in_blocked': 'Too many wrong passwords; try again in 15 minutes',
    'role.operator': 'Operator',
    'role.sales': 'Sales',
    'role.manager': 'Manager',
    'role.admin': 'Administrator',
  },
}
