"""The endpoints of the Official Account that Siyu calls (docs/platform.md B.1 to B.4)."""

from siyu.platforms.endpoints import Endpoint, Repeat, table

SAFE, KEYED, NEVER = Repeat.SAFE, Repeat.KEYED, Repeat.NEVER

ENDPOINTS = table(
    [
        Endpoint("stable_token", "POST", "/cgi-bin/stable_token", SAFE, 10_000, 500_000, auth="secret"),
        Endpoint("api_ip", "GET", "/cgi-bin/get_api_domain_ip", SAFE),
        Endpoint("oauth_token", "GET", "/sns/oauth2/access_token", NEVER, 50_000, auth="secret"),
        Endpoint(
            "user_get", "GET", "/cgi-bin/user/get", SAFE, per_day=500, page=("next_openid", "next_openid", 10_000)
        ),
        Endpoint("user_info", "GET", "/cgi-bin/user/info", SAFE, per_day=5_000_000),
        Endpoint(
            "user_info_batchget",
            "POST",
            "/cgi-bin/user/info/batchget",
            SAFE,
            per_day=5_000_000,
            ids=("user_list", 1, 100),
        ),
        Endpoint("custom_send", "POST", "/cgi-bin/message/custom/send", NEVER, per_day=500_000),
        Endpoint(
            "mass_send",
            "POST",
            "/cgi-bin/message/mass/send",
            KEYED,
            per_minute=60,
            per_day=100,
            ids=("touser", 2, 10_000),
            key_field="clientmsgid",
            done_codes=frozenset({45065}),
        ),
        Endpoint("mass_get", "POST", "/cgi-bin/message/mass/get", SAFE),
        Endpoint(
            "template_send", "POST", "/cgi-bin/message/template/send", KEYED, per_day=100_000, key_field="client_msg_id"
        ),
        Endpoint("template_list", "GET", "/cgi-bin/template/get_all_private_template", SAFE),
        Endpoint("template_add", "POST", "/cgi-bin/template/api_add_template", NEVER),
        Endpoint("qrcode_create", "POST", "/cgi-bin/qrcode/create", SAFE, per_day=100_000),
        Endpoint("tag_list", "GET", "/cgi-bin/tags/get", SAFE, per_day=1_000),
        Endpoint("tag_add", "POST", "/cgi-bin/tags/create", NEVER, per_day=1_000),
        Endpoint("tag_edit", "POST", "/cgi-bin/tags/update", SAFE, per_day=1_000),
        Endpoint("tag_delete", "POST", "/cgi-bin/tags/delete", SAFE, per_day=1_000),
        Endpoint(
            "tag_members",
            "POST",
            "/cgi-bin/user/tag/get",
            SAFE,
            per_day=1_000,
            page=("next_openid", "next_openid", 10_000),
        ),
        Endpoint(
            "members_tag",
            "POST",
            "/cgi-bin/tags/members/batchtagging",
            SAFE,
            per_day=100_000,
            ids=("openid_list", 1, 50),
        ),
        Endpoint(
            "members_untag",
            "POST",
            "/cgi-bin/tags/members/batchuntagging",
            SAFE,
            per_day=100_000,
            ids=("openid_list", 1, 50),
        ),
        Endpoint("draft_add", "POST", "/cgi-bin/draft/add", SAFE, per_day=1_000),
        Endpoint("material_add", "POST", "/cgi-bin/material/add_material", SAFE, per_day=100_000, upload=True),
    ]
)
