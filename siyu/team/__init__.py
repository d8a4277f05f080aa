"""Team: staff members, roles, sign-in by password, API keys, and the directory that comes from WeCom.

It promises that a permission is granted only by a role or a key scope listed in ``types.ROLES``, that passwords
and keys are stored only as hashes, and that a session ends when its staff member is switched off.
"""
