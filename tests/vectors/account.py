"""The account service: the encrypted form, and addresses on which a browser ends."""

SOURCE = "binding-and-firmware.md section 4.2"

ACCOUNT = "user@example.com"
PASSWORD = "p@ss word"  # noqa: S105  of the vector, nobody's
FORM = (
    b"emailOrPhone=user%40example.com&state=REDIRECTION&client_id=HuaMi&password=p%40ss+word"
    b"&redirect_uri=https%3A%2F%2Fs3-us-west-2.amazonaws.com%2Fhm-registration%2Fsuccesssignin.html"
    b"&region=us-west-2&token=access&token=refresh&country_code=US"
)
FORM_SIZE = 239
CIPHER_SIZE = 240
CIPHER_BEGINNING = bytes.fromhex("d0cf0fa687a5bfe82abba5bb63425758")
CIPHER_SHA256 = "73e1796db51c41a3eace6d1dc86214a3df9be40032131cb532a1a8c4b2529223"

SHORT_FORM = b"a=1"
SHORT_CIPHER = bytes.fromhex("cfc5e1bc1fda92163ceefaecc64bc61a")

MI_ADDRESS = (
    "https://account.xiaomi.com/oauth2/authorize?skip_confirm=false"
    "&client_id=428135909242707968&pt=1&scope=1+6000+16001+20000"
    "&redirect_uri=https%3A%2F%2Fapi-mifit-cn.huami.com%2Fhuami.health.loginview.do_not"
    "&_locale=en_US&response_type=code"
)
"""Section 4.3."""
