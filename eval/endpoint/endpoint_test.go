package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"croco/eval/journal"
)

// server answers the prompt p with "re: p", after it has done to a prompt's first requests what the plan says.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	asked    map[string]int // requests by prompt
	answered map[string]int
	headers  []string
	begun    []time.Time
	// plan is called with the prompt and which request for it this is, from 0; true: the response is written.
	plan func(w http.ResponseWriter, prompt string, at int) bool
}

func serve(t *testing.T, plan func(w http.ResponseWriter, prompt string, at int) bool) *server {
	s := &server{asked: map[string]int{}, answered: map[string]int{}, plan: plan}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Messages []struct{ Content string }
	}
	raw, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(raw, &body); err != nil || len(body.Messages) != 1 {
		http.Error(w, "bad request", http.StatusTeapot)
		return
	}
	prompt := body.Messages[0].Content
	s.mu.Lock()
	at := s.asked[prompt]
	s.asked[prompt]++
	s.headers = append(s.headers, r.Header.Get("Authorization"))
	s.begun = append(s.begun, time.Now())
	s.mu.Unlock()
	if s.plan != nil && s.plan(w, prompt, at) {
		return
	}
	s.mu.Lock()
	s.answered[prompt]++
	s.mu.Unlock()
	io.WriteString(w, completion("re: "+prompt))
}

func completion(text string) string {
	return fmt.Sprintf(`{"choices": [{"message": {"role": "assistant", "content": %q}, "finish_reason": "stop"}]}`, text)
}

// faults are all ways to fail that a later try can mend.
var faults = map[string]func(w http.ResponseWriter){
	"times out":           func(w http.ResponseWriter) { time.Sleep(300 * time.Millisecond) },
	"500":                 func(w http.ResponseWriter) { http.Error(w, "oh", http.StatusInternalServerError) },
	"408":                 func(w http.ResponseWriter) { http.Error(w, "slow", http.StatusRequestTimeout) },
	"503":                 func(w http.ResponseWriter) { http.Error(w, "loading", http.StatusServiceUnavailable) },
	"429":                 func(w http.ResponseWriter) { http.Error(w, "too fast", http.StatusTooManyRequests) },
	"429 and Retry-After": limited("0.05"),
	"429 and a date":      limited(time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)),
	"rubbish":             func(w http.ResponseWriter) { io.WriteString(w, "<html>proxy</html>") },
	"nothing":             func(w http.ResponseWriter) {},
	"no choices":          func(w http.ResponseWriter) { io.WriteString(w, `{"choices": []}`) },
	"null":                func(w http.ResponseWriter) { io.WriteString(w, `{"choices": [{"message": {"content": null}}]}`) },
	"half JSON":           func(w http.ResponseWriter) { io.WriteString(w, completion("x")[:60]) },
	"closes in the body": func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, completion("x"))
		panic(http.ErrAbortHandler)
	},
	"closes at once": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
}

func limited(after string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", after)
		http.Error(w, "too fast", http.StatusTooManyRequests)
	}
}

func options(s *server) Options {
	return Options{URL: s.URL + "/v1", Model: "m", Timeout: 200 * time.Millisecond, Retries: 6, Wait: time.Millisecond, Parallel: 4}
}

// ask asks n questions through a journal in dir.
func ask(t *testing.T, o Options, n int, dir string) ([]Reply, error) {
	t.Helper()
	e, err := New(o)
	require.NoError(t, err)
	j, err := journal.Open[Reply](filepath.Join(dir, "j.jsonl"))
	require.NoError(t, err)
	defer j.Close()
	var requests []Request
	var keys []string
	numbers := journal.Numbers{}
	for i := range n {
		requests = append(requests, Request{Prompt: fmt.Sprint("q", i), MaxTokens: 3})
		keys = append(keys, numbers.Key(e.Body(requests[i])))
	}
	return e.Ask(t.Context(), requests, keys, j, nil)
}

func right(t *testing.T, replies []Reply, n int) {
	t.Helper()
	require.Len(t, replies, n)
	for i, r := range replies {
		require.Equal(t, Reply{fmt.Sprint("re: q", i), "stop"}, r)
	}
}

func TestEveryFaultIsMended(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ string, at int) bool {
				if at < 2 {
					fault(w)
				}
				return at < 2
			})
			dir := t.TempDir()
			replies, err := ask(t, options(s), 6, dir)
			require.NoError(t, err)
			right(t, replies, 6)
			for prompt, n := range s.asked {
				require.Equal(t, 3, n, prompt)
			}
			raw, err := os.ReadFile(filepath.Join(dir, "j.jsonl"))
			require.NoError(t, err)
			require.Equal(t, 6, strings.Count(string(raw), "\n"), "each judgment once")
			replies, err = ask(t, options(s), 6, dir)
			require.NoError(t, err)
			right(t, replies, 6)
			require.Equal(t, 3, s.asked["q0"], "nothing is asked twice")
		})
	}
}

func TestWhatIsMissingIsToldAndAskedLater(t *testing.T) {
	var healthy bool
	s := serve(t, func(w http.ResponseWriter, prompt string, _ int) bool {
		if !healthy && prompt == "q3" {
			http.Error(w, "context is too long", http.StatusBadRequest)
			return true
		}
		return false
	})
	dir := t.TempDir()
	_, err := ask(t, options(s), 8, dir)
	require.EqualError(t, err, "1 of 8 answers are missing (the endpoint answered 400 Bad Request: context is too long); the others are kept: run the same command again to ask for the missing ones")
	require.Equal(t, 1, s.asked["q3"], "a refusal is no accident")
	healthy = true
	replies, err := ask(t, options(s), 8, dir)
	require.NoError(t, err)
	right(t, replies, 8)
	for prompt, n := range s.answered {
		require.Equal(t, 1, n, prompt)
	}
}

func TestADeadEndpointEndsTheRun(t *testing.T) {
	for status, most := range map[int]int{http.StatusUnauthorized: 1, http.StatusNotFound: 1, http.StatusFound: 1, http.StatusBadGateway: 3 * 3} {
		s := serve(t, func(w http.ResponseWriter, _ string, _ int) bool {
			w.WriteHeader(status)
			return true
		})
		o := options(s)
		o.Retries, o.Parallel = 2, 1
		_, err := ask(t, o, 50, t.TempDir())
		var missing *Missing
		require.ErrorAs(t, err, &missing)
		require.Equal(t, 50, missing.Missing)
		require.ErrorContains(t, err, fmt.Sprint(status))
		require.Len(t, s.begun, most, status)
	}
}

func TestCancelledRunsGoOn(t *testing.T) {
	s := serve(t, nil)
	dir := t.TempDir()
	e, err := New(options(s))
	require.NoError(t, err)
	j, err := journal.Open[Reply](filepath.Join(dir, "j.jsonl"))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var requests []Request
	var keys []string
	for i := range 20 {
		requests = append(requests, Request{Prompt: fmt.Sprint("q", i), MaxTokens: 3})
		keys = append(keys, journal.Key(e.Body(requests[i]), 0))
	}
	_, err = e.Ask(ctx, requests, keys, j, func(done int) {
		if done == 7 {
			stop()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, j.Close())
	replies, err := ask(t, options(s), 20, dir)
	require.NoError(t, err)
	right(t, replies, 20)
}

func TestAFullDiskEndsTheRun(t *testing.T) {
	s := serve(t, nil)
	e, err := New(options(s))
	require.NoError(t, err)
	j, err := journal.Open[Reply](filepath.Join(t.TempDir(), "j.jsonl"))
	require.NoError(t, err)
	require.NoError(t, j.Close())
	_, err = e.Ask(t.Context(), []Request{{Prompt: "a"}}, []string{journal.Key(nil, 0)}, j, nil)
	require.ErrorIs(t, err, os.ErrClosed)
}

func TestRequestsPerMinute(t *testing.T) {
	s := serve(t, nil)
	o := options(s)
	o.PerMinute = 60 * 50 // one in 20 ms
	replies, err := ask(t, o, 6, t.TempDir())
	require.NoError(t, err)
	right(t, replies, 6)
	for i, at := range s.begun[1:] {
		require.Greater(t, at.Sub(s.begun[0]), time.Duration(i+1)*15*time.Millisecond)
	}
}

func TestAllRestWhenTheServerAsksForIt(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, prompt string, at int) bool {
		if prompt == "q0" && at == 0 {
			limited("0.3")(w)
			return true
		}
		time.Sleep(20 * time.Millisecond)
		return false
	})
	o := options(s)
	o.Timeout, o.Parallel = time.Second, 2
	_, err := ask(t, o, 30, t.TempDir())
	require.NoError(t, err)
	longest := time.Duration(0)
	for i := range s.begun[1:] {
		longest = max(longest, s.begun[i+1].Sub(s.begun[i]))
	}
	require.Greater(t, longest, 250*time.Millisecond)
}

const secret = `sk-"Geheim/123`

func TestTheKeyStandsNowhere(t *testing.T) {
	t.Setenv("CROCO_TEST_KEY", secret+"\n")
	quoted, err := json.Marshal(secret)
	require.NoError(t, err)
	for _, text := range []string{completion("you are " + secret), secret, `{"error": ` + string(quoted) + `}`} {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized, http.StatusInternalServerError} {
			s := serve(t, func(w http.ResponseWriter, _ string, _ int) bool {
				w.WriteHeader(status)
				io.WriteString(w, text)
				return true
			})
			dir, o := t.TempDir(), options(s)
			o.KeyEnv, o.Retries = "CROCO_TEST_KEY", 1
			replies, err := ask(t, o, 3, dir)
			require.Equal(t, "Bearer "+secret, s.headers[0])
			raw, e := os.ReadFile(filepath.Join(dir, "j.jsonl"))
			require.NoError(t, e)
			for _, leak := range []string{fmt.Sprint(err), fmt.Sprint(replies), string(raw)} {
				require.NotContains(t, leak, "Geheim")
			}
		}
	}
	s := serve(t, nil)
	s.Close()
	o := options(s)
	o.KeyEnv, o.Retries = "CROCO_TEST_KEY", 0
	_, err = ask(t, o, 1, t.TempDir())
	require.ErrorContains(t, err, "connection refused")
	require.NotContains(t, err.Error(), "Geheim")
}

func TestNoKeyUnlessNamed(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", secret)
	s := serve(t, nil)
	_, err := ask(t, options(s), 1, t.TempDir())
	require.NoError(t, err)
	require.Equal(t, []string{""}, s.headers)
}

func TestOptionsAreChecked(t *testing.T) {
	good := Options{URL: "http://localhost:1/v1/", Model: "m", Timeout: time.Second, Parallel: 1}
	e, err := New(good)
	require.NoError(t, err)
	require.Equal(t, "http://localhost:1/v1/chat/completions", e.url)
	for want, change := range map[string]func(*Options){
		"endpoint: expected an address such as":                 func(o *Options) { o.URL = "localhost:8000" },
		"endpoint: expected an address without user name":       func(o *Options) { o.URL = "https://h/v1?key=1" },
		"model: expected the name":                              func(o *Options) { o.Model = "" },
		"timeout: expected":                                     func(o *Options) { o.Timeout = 0 },
		"retries: expected 0 or more, found -1":                 func(o *Options) { o.Retries = -1 },
		"concurrency: expected 1 or more, found 0":              func(o *Options) { o.Parallel = 0 },
		"the environment variable NO_SUCH_NAME is empty or not": func(o *Options) { o.KeyEnv = "NO_SUCH_NAME" },
	} {
		o := good
		change(&o)
		_, err := New(o)
		require.ErrorContains(t, err, want)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, " 0.5 ": time.Second / 2, "-1": 0, "soon": 0, "NaN": 0,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2026 03:04:00 GMT": 0} {
		require.Equal(t, want, retryAfter(header, now), header)
	}
	for try := range 70 {
		d, whole := backoff(time.Second, try), min(time.Second<<min(try, 10), longestWait)
		require.GreaterOrEqual(t, d, whole/2)
		require.LessOrEqual(t, d, whole)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(completion("x")))
	f.Add([]byte(`{"choices": [{"message": {"content": null}, "finish_reason": "length"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := parse(raw); err != nil {
			require.False(t, errors.Is(err, io.EOF))
		}
	})
}
