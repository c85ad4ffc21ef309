"""ASA's names of algorithms as the models have them (those of strongSwan, which are IANA's)."""

from collections.abc import Mapping

_INTEGRITY: Mapping[str, str] = {
    "SHA96": "HMAC_SHA1_96", "SHA1": "HMAC_SHA1_96", "SHA": "HMAC_SHA1_96", "SHA256": "HMAC_SHA2_256_128",
    "SHA384": "HMAC_SHA2_384_192", "SHA512": "HMAC_SHA2_512_256", "MD596": "HMAC_MD5_96", "MD5": "HMAC_MD5_96",
    "N/A": "", "NONE": "", "": "",
}  # fmt: skip
_PRF: Mapping[str, str] = {
    "SHA1": "PRF_HMAC_SHA1", "SHA": "PRF_HMAC_SHA1", "SHA256": "PRF_HMAC_SHA2_256", "SHA384": "PRF_HMAC_SHA2_384",
    "SHA512": "PRF_HMAC_SHA2_512", "MD5": "PRF_HMAC_MD5", "": "",
}  # fmt: skip
_GROUPS: Mapping[str, str] = {
    "1": "MODP_768", "2": "MODP_1024", "5": "MODP_1536", "14": "MODP_2048", "15": "MODP_3072", "16": "MODP_4096",
    "19": "ECP_256", "20": "ECP_384", "21": "ECP_521", "24": "MODP_2048_256", "31": "CURVE_25519", "": "",
}  # fmt: skip
_ESP: Mapping[str, str] = {
    "esp-aes": "AES_CBC-128", "esp-aes-192": "AES_CBC-192", "esp-aes-256": "AES_CBC-256", "esp-3des": "3DES_CBC",
    "esp-des": "DES_CBC", "esp-null": "NULL", "esp-aes-gcm": "AES_GCM_16-128", "esp-aes-gcm-192": "AES_GCM_16-192",
    "esp-aes-gcm-256": "AES_GCM_16-256", "esp-aes-gmac": "NULL_AES_GMAC-128", "esp-aes-gmac-192": "NULL_AES_GMAC-192",
    "esp-aes-gmac-256": "NULL_AES_GMAC-256",
}  # fmt: skip
_ESP_HMAC: Mapping[str, str] = {
    "esp-md5-hmac": "HMAC_MD5_96", "esp-sha-hmac": "HMAC_SHA1_96", "esp-sha-256-hmac": "HMAC_SHA2_256_128",
    "esp-sha-384-hmac": "HMAC_SHA2_384_192", "esp-sha-512-hmac": "HMAC_SHA2_512_256", "esp-null-hmac": "",
    "esp-none": "",
}  # fmt: skip


def ike_encryption(name: str, size: str) -> str:
    """ "AES-CBC" of 256 bits is "AES_CBC-256"; a name that is not known stays as it is."""
    name = name.upper()
    if name in ("AES-CBC", "AES"):
        return f"AES_CBC-{size or 128}"
    if name == "AES-GCM":
        return f"AES_GCM_16-{size or 128}"
    return {"3DES": "3DES_CBC", "DES": "DES_CBC"}.get(name, name)


def ikev1_encryption(name: str) -> str:
    """The names of `show crypto ikev1 sa detail`: "aes-256", "3des"."""
    name = name.lower()
    return {"aes": "AES_CBC-128", "3des": "3DES_CBC", "des": "DES_CBC"}.get(name, name.replace("aes-", "AES_CBC-"))


def integrity(name: str) -> str:
    """ "SHA256" is "HMAC_SHA2_256_128"; empty with an AEAD cipher, which ASA shows as "N/A"."""
    return _INTEGRITY.get(name.upper(), name)


def prf(name: str) -> str:
    """ "SHA256" is "PRF_HMAC_SHA2_256"."""
    return _PRF.get(name.upper(), name)


def dh_group(number: str) -> str:
    """ "14" is "MODP_2048"."""
    return _GROUPS.get(number, f"group {number}")


def esp_transform(transform: str) -> tuple[str, str]:
    """Encryption and integrity in "esp-aes-256 esp-sha-256-hmac no compression"; a word that is not known stays."""
    words = [word for word in transform.split() if word.startswith("esp-")]
    ciphers = [_ESP.get(word, word) for word in words if word not in _ESP_HMAC]
    hmacs = [_ESP_HMAC[word] for word in words if word in _ESP_HMAC]
    return "".join(ciphers[:1]), "".join(hmacs[:1])
