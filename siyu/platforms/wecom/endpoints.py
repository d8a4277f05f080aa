"""The endpoints of WeCom that Siyu calls (docs/platform.md A.1, A.4, A.5, A.10)."""

from siyu.platforms.endpoints import Endpoint, Repeat, table

SAFE, NEVER = Repeat.SAFE, Repeat.NEVER
MINUTE = 10_000
"""Per corp and API; the same for all that follow."""

ENDPOINTS = table(
    [
        Endpoint("gettoken", "GET", "/cgi-bin/gettoken", SAFE, auth="secret"),
        Endpoint("api_ip", "GET", "/cgi-bin/get_api_domain_ip", SAFE, MINUTE),
        Endpoint("department_list", "GET", "/cgi-bin/department/list", SAFE, MINUTE),
        Endpoint("user_list", "GET", "/cgi-bin/user/list", SAFE, MINUTE),
        Endpoint("oauth_user", "GET", "/cgi-bin/auth/getuserinfo", NEVER),
        Endpoint("follow_users", "GET", "/cgi-bin/externalcontact/get_follow_user_list", SAFE, MINUTE),
        Endpoint(
            "contact_get",
            "GET",
            "/cgi-bin/externalcontact/get",
            SAFE,
            MINUTE,
            page=("cursor", "next_cursor", 500),
        ),
        Endpoint(
            "contacts_by_user",
            "POST",
            "/cgi-bin/externalcontact/batch/get_by_user",
            SAFE,
            MINUTE,
            ids=("userid_list", 1, 100),
            page=("cursor", "next_cursor", 100),
        ),
        Endpoint(
            "groupchat_list",
            "POST",
            "/cgi-bin/externalcontact/groupchat/list",
            SAFE,
            MINUTE,
            page=("cursor", "next_cursor", 1_000),
        ),
        Endpoint("groupchat_get", "POST", "/cgi-bin/externalcontact/groupchat/get", SAFE, MINUTE),
        Endpoint("join_way_add", "POST", "/cgi-bin/externalcontact/groupchat/add_join_way", NEVER, MINUTE),
        Endpoint("join_way_get", "POST", "/cgi-bin/externalcontact/groupchat/get_join_way", SAFE, MINUTE),
        Endpoint("join_way_update", "POST", "/cgi-bin/externalcontact/groupchat/update_join_way", SAFE, MINUTE),
        Endpoint("join_way_delete", "POST", "/cgi-bin/externalcontact/groupchat/del_join_way", SAFE, MINUTE),
    ]
)
