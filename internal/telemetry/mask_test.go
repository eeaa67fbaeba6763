package telemetry

import (
	"strings"
	"testing"
)

// PII-5: the forms that the house prescribes.
func TestMaskForms(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"nothing to hide":                    "nothing to hide",
		"taro@example.com":                   "t***@example.com",
		"wrote to <taro@example.com>.":       "wrote to <t***@example.com>.",
		"first.last+tag@mail.example.co.jp":  "f***@mail.example.co.jp",
		"090-1234-5678":                      "090-****-5678",
		"09012345678":                        "090-****-5678",
		"03 1234 5678":                       "03-****-5678",
		"0312345678":                         "03-****-5678",
		"+81-90-1234-5678":                   "+81-****-5678",
		"電話は03-1234-5678です":                  "電話は03-****-5678です",
		"Bearer abcdef.ghijkl":               "Bearer [token]",
		"bearer\tabcdefghijkl":               "bearer [token]",
		"AKIAIOSFODNN7EXAMPLE":               "[key]",
		"krt_01980a1b2c3d7e8f_01980a1b_s-e_": "[key]",
		"redis://:hunter2@cache:6379":        "redis://[hidden]@cache:6379",
		"password=hunter2&next=1":            "password=[hidden]&next=1",
		"パスワード：ひみつ":                          "パスワード：[hidden]",
		`{"password": "a \"b\" c","n":1}`:    `{"password": [hidden],"n":1}`,
		`{\"password\":\"hunter2 x\"}`:       `{\"password\":[hidden]}`,
		`{'token': 'hunter2 x'}`:             `{'token': [hidden]}`,
		"{Token:hunter2 N:1}":                "{Token:[hidden] N:1}",
		"map[api_key:hunter2]":               "map[api_key:[hidden]]",
		"X-Api-Key: hunter2":                 "X-Api-Key: [hidden]",
		"token is malformed: token contains an invalid number of segments": "token is malformed: token contains an invalid number of segments",
		"took 1234567890 ns at line 12":                                    "took 1234567890 ns at line 12",
	} {
		if got := Mask(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
		if again := Mask(want); again != want {
			t.Errorf("%q, masked again, is %q", want, again)
		}
	}
}

// PII-6: whatever stands around it, the secret part does not come out.
func TestNothingAroundASecretLetsItOut(t *testing.T) {
	secrets := map[string]string{
		"taro.yamada@example.com": "aro.yamada", "太郎@example.jp": "郎", "taro＠example.com": "aro",
		"090-1234-5678": "1234", "08098765432": "9876",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl":                                 "eyJz",
		"$2a$12$EJDkis5Z0XBOnTKtQa1Y5eeTwidzqJWmq77/DGrjFXd7umThBztdW":                      "EJDkis",
		"krt_01980a1b2c3d7e8f9a0b1c2d3e4f5a6b_01980a1b2c3d7e8f9a0b1c2d3e4f5a6b_AbC-dEf_gHi": "AbC",
		"password: hunter2": "hunter2", `"secret":"hunter2"`: "hunter2", "https://u:hunter2@host/": "hunter2",
	}
	around := []string{"", " ", "(", "）", "、", "\n", `"`, "連絡先 ", "→", ",", "[", "<", "🎴"}
	for secret, part := range secrets {
		for _, before := range around {
			for _, after := range around {
				if got := Mask(before + secret + after); strings.Contains(got, part) {
					t.Errorf("%q between %q and %q is %q", secret, before, after, got)
				}
			}
		}
	}
}

func TestMaskName(t *testing.T) {
	for name, want := range map[string]string{
		"田中 太郎": "田中 *", "田中　太郎": "田中 *", "田中太郎": "田 *", " Tanaka Taro ": "Tanaka *", "": "", "　": "",
	} {
		if got := MaskName(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestMaskFieldKnowsNames(t *testing.T) {
	for _, name := range []string{
		"password", "newPassword", "PASSWD", "client_secret", "Authorization", "set-cookie", "accessToken", "refresh_token", "x-api-key", "private-key",
	} {
		if got := MaskField(name, "hunter2"); got != hidden {
			t.Errorf("%s shows %q", name, got)
		}
	}
	for name, want := range map[string]string{"email": "t***@example.com", "tokens": "t***@example.com", "user_name": "t *"} {
		if got := MaskField(name, "taro@example.com"); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
