package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Options of an endpoint.
type Options struct {
	URL       string        // …/v1, or the whole address of …/chat/completions
	Model     string        // as the server names it
	KeyEnv    string        // environment variable that holds the key; "" sends none
	Timeout   time.Duration // of one request, to the end of its body
	Retries   int           // times that a request is sent again
	Wait      time.Duration // before the first of them; it doubles, up to a minute
	PerMinute int           // requests begun in a minute; 0: no limit
	Parallel  int           // requests at a time
}

// Request is one conversation of one turn.
type Request struct {
	Prompt      string
	Temperature float64
	MaxTokens   int
	Seed        *uint64         // nil: the server draws
	Template    map[string]bool // chat_template_kwargs, as vLLM and SGLang take them; nil: not sent
}

// Reply is an answer.
type Reply struct {
	Text         string `json:"text"`
	FinishReason string `json:"finish_reason"`
}

// Endpoint is a model behind an address.
type Endpoint struct {
	o      Options
	url    string
	key    string
	client *http.Client
}

// New checks the options and reads the key.
func New(o Options) (*Endpoint, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("endpoint: expected an address such as http://localhost:8000/v1")
	}
	if u.User != nil || u.RawQuery != "" {
		return nil, errors.New("endpoint: expected an address without user name and query: a key belongs into an environment variable (--api_key_env NAME)")
	}
	if o.Model == "" {
		return nil, errors.New("model: expected the name under which the endpoint serves its model")
	}
	for _, n := range []struct {
		key   string
		value float64
		least float64
	}{{"timeout", o.Timeout.Seconds(), 1e-9}, {"retries", float64(o.Retries), 0}, {"retry_wait", o.Wait.Seconds(), 0},
		{"requests_per_minute", float64(o.PerMinute), 0}, {"concurrency", float64(o.Parallel), 1}} {
		if n.value < n.least {
			return nil, fmt.Errorf("%s: expected %g or more, found %g", n.key, n.least, n.value)
		}
	}
	e := &Endpoint{o: o, url: strings.TrimSuffix(o.URL, "/")}
	if !strings.HasSuffix(e.url, "/chat/completions") {
		e.url += "/chat/completions"
	}
	if o.KeyEnv != "" {
		if e.key = strings.TrimSpace(os.Getenv(o.KeyEnv)); e.key == "" {
			return nil, fmt.Errorf("api_key_env: the environment variable %s is empty or not set: expected the endpoint's key in it", o.KeyEnv)
		}
	}
	e.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return e, nil
}

// Body is the JSON that is sent for a request.
func (e *Endpoint) Body(r Request) []byte {
	body := struct {
		Model       string           `json:"model"`
		Messages    []map[string]any `json:"messages"`
		Temperature float64          `json:"temperature"`
		MaxTokens   int              `json:"max_tokens"`
		Seed        *uint64          `json:"seed,omitempty"`
		Template    map[string]bool  `json:"chat_template_kwargs,omitempty"`
	}{e.o.Model, []map[string]any{{"role": "user", "content": r.Prompt}}, r.Temperature, r.MaxTokens, r.Seed, r.Template}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("endpoint: %v", err)) // nothing in it can fail
	}
	return raw
}

// failure is why a request has no answer.
type failure struct {
	error
	kind  kind
	pause time.Duration // that the server asks for; 0: it does not say
}

type kind int

const (
	again kind = iota // the same request may be answered next time
	busy              // it may, and the others should wait as well
	never             // this request will not be answered
	all               // no request will
)

// largest answer that is read, in bytes.
const largest = 16 << 20

// send sends one request once.
func (e *Endpoint) send(ctx context.Context, body []byte) (Reply, *failure) {
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return Reply{}, &failure{error: e.quiet(err), kind: all}
	}
	req.Header.Set("Content-Type", "application/json")
	if e.key != "" {
		req.Header.Set("Authorization", "Bearer "+e.key)
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return Reply{}, &failure{error: e.lost(ctx, err)}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, largest))
	raw = []byte(e.hide(string(raw))) // before it is quoted in any message
	if resp.StatusCode != http.StatusOK {
		return Reply{}, e.refusal(resp, raw)
	}
	if err != nil {
		return Reply{}, &failure{error: e.lost(ctx, err)}
	}
	reply, err := parse(raw)
	if err != nil {
		return Reply{}, &failure{error: err}
	}
	reply.Text = e.hide(reply.Text) // a JSON text can spell it in other ways
	return reply, nil
}

// lost is a request that got no whole answer.
func (e *Endpoint) lost(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v", e.o.Timeout)
	}
	return e.quiet(err)
}

// parse reads an answer. Content may be null where thinking took all the tokens.
func parse(raw []byte) (Reply, error) {
	var got struct {
		Choices []struct {
			Message struct {
				Content *string `json:"content"`
			} `json:"message"`
			FinishReason string `json:"finish_reason"`
		} `json:"choices"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return Reply{}, fmt.Errorf("expected a chat completion in JSON, found %.100q: %w", raw, err)
	}
	if len(got.Choices) == 0 {
		return Reply{}, fmt.Errorf("expected a chat completion with choices, found %.100q", raw)
	}
	c := got.Choices[0]
	switch {
	case c.Message.Content != nil:
		return Reply{*c.Message.Content, c.FinishReason}, nil
	case c.FinishReason == "length":
		return Reply{"", c.FinishReason}, nil
	}
	return Reply{}, fmt.Errorf("expected a chat completion with a text as content, found %.100q", raw)
}

// refusal is what a status other than 200 means.
func (e *Endpoint) refusal(resp *http.Response, raw []byte) *failure {
	f := &failure{pause: retryAfter(resp.Header.Get("Retry-After"), time.Now())}
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(raw), "")), " ")
	if r := []rune(text); len(r) > 300 {
		text = string(r[:300]) + "…"
	}
	f.error = e.quiet(fmt.Errorf("the endpoint answered %s: %s", resp.Status, text))
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable && f.pause > 0:
		f.kind = busy
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusConflict, code == http.StatusTooEarly:
		f.kind = again
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusNotFound,
		code == http.StatusMethodNotAllowed, code < 400:
		f.kind = all
	default:
		f.kind = never
	}
	return f
}

// retryAfter is a Retry-After header: seconds, or a date (RFC 9110, 10.2.3). 0 where it is neither.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 1e6) * float64(time.Second))
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// quiet is an error without the key.
func (e *Endpoint) quiet(err error) error { return errors.New(e.hide(err.Error())) }

// hide writes *** for the key, as it is and as a JSON text or an address would have it.
func (e *Endpoint) hide(text string) string {
	if e.key == "" {
		return text
	}
	quoted, _ := json.Marshal(e.key)
	return strings.NewReplacer(e.key, "***", strings.Trim(string(quoted), `"`), "***", url.QueryEscape(e.key), "***").Replace(text)
}
