package testkit

import (
	"context"
	"net/http"
	"testing"
)

func TestServersEndWithTheirTest(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{
		"dynoxide": Dynoxide,
		"s3":       func(t testing.TB) string { return S3(t).Endpoint },
	} {
		var endpoint string
		ran := false
		t.Run(name, func(t *testing.T) {
			endpoint = start(t)
			ran = true
			if !answers(t.Context(), endpoint) {
				t.Error("does not answer")
			}
		})
		if ran && answers(t.Context(), endpoint) {
			t.Errorf("%s still answers after its test", name)
		}
	}
}

func TestS3ChecksSignatures(t *testing.T) {
	s := S3(t)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.Endpoint+"/"+s.Bucket+"/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("an unsigned request got %s", resp.Status)
	}
}

func TestRedisComesBackEmptyOrWithWhatItKept(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		r := Redis(t, keeps)
		if got := r.Ask(t, "SET a b"); got != "+OK" {
			t.Fatalf("SET: %q", got)
		}
		r.Kill()
		if r.answers(t.Context()) {
			t.Error("a killed Redis answers")
		}
		r.Restart(t)
		if got := r.Ask(t, "EXISTS a"); got != map[bool]string{false: ":0", true: ":1"}[keeps] {
			t.Errorf("keeps %t: it says %q", keeps, got)
		}
	}
}
