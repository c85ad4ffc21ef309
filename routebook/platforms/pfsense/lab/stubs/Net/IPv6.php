<?php
/* The functions of PEAR's Net_IPv6 that the includes call, for a folder that has it not. */

const NET_IPV6_LOCAL_LINK = 31;

class Net_IPv6 {
	public static function checkIPv6($address) {
		return filter_var($address, FILTER_VALIDATE_IP, FILTER_FLAG_IPV6) !== false;
	}

	public static function removeNetmaskSpec($address) {
		return explode('/', $address)[0];
	}

	public static function compress($address, $force = false) {
		return inet_ntop(inet_pton($address));
	}

	public static function uncompress($address) {
		return implode(':', array_map(fn($part) => ltrim($part, '0') ?: '0', str_split(bin2hex(inet_pton($address)), 4)));
	}

	public static function getAddressType($address) {
		return (bin2hex(substr(inet_pton($address), 0, 2)) & 'ffc0') === 'fe80' ? NET_IPV6_LOCAL_LINK : 0;
	}

	public static function getNetmask($address, $bits) {
		$packed = inet_pton($address);
		for ($index = 0; $index < 16; $index++) {
			$kept = max(0, min(8, $bits - 8 * $index));
			$packed[$index] = chr(ord($packed[$index]) & (0xff << (8 - $kept)) & 0xff);
		}
		return inet_ntop($packed);
	}
}
