package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// answersOf writes two models' answers to n questions in two languages: the first one's hold the word good where the
// question is even.
func answersOf(t *testing.T, n int) (model, reference string) {
	t.Helper()
	dir := t.TempDir()
	var a, b strings.Builder
	for _, language := range []string{"en", "da"} {
		for i := range n {
			word := []string{"good", "bad"}[i%2]
			kind := []string{"maths", "prose", "code"}[i%3]
			fmt.Fprintf(&a, "{\"question_id\": %d, \"language\": %q, \"prompt\": \"ask %d\", \"output\": %q, \"generator\": \"tuned\", \"subcategory\": %q}\n",
				i, language, i, word+strings.Repeat(" x", i%5), kind)
			fmt.Fprintf(&b, "{\"question_id\": %d, \"language\": %q, \"prompt\": \"ask %d\", \"output\": \"plain\", \"generator\": \"base\", \"subcategory\": %q}\n", n-1-i, language, n-1-i, kind)
		}
	}
	return write(t, filepath.Join(dir, "model.jsonl"), a.String()), write(t, filepath.Join(dir, "reference.jsonl"), b.String())
}

// judging is an endpoint that prefers the answer with good in it, and else the other one.
func judging(t *testing.T, before func(w http.ResponseWriter, request int64) bool) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		if n := asked.Add(1); before != nil && before(w, n) {
			return
		}
		var body struct{ Messages []struct{ Content string } }
		if json.Unmarshal(raw, &body) != nil || r.URL.Path != "/v1/chat/completions" {
			http.Error(w, "what?", http.StatusBadRequest)
			return
		}
		first, second, _ := strings.Cut(body.Messages[0].Content, "<answer_2>")
		verdict := "[[2]]"
		if strings.Contains(first, "good") || !strings.Contains(second, "good") && strings.Contains(first, "plain") {
			verdict = "[[1]]"
		}
		fmt.Fprintf(w, `{"choices": [{"message": {"content": %q}, "finish_reason": "stop"}]}`, "I think "+verdict)
	}))
	t.Cleanup(s.Close)
	return s, &asked
}

func TestJudgeOfAnEndpoint(t *testing.T) {
	model, reference := answersOf(t, 12)
	s, asked := judging(t, func(w http.ResponseWriter, n int64) bool {
		if n%3 == 0 {
			http.Error(w, "too fast", http.StatusTooManyRequests)
		}
		return n%3 == 0
	})
	t.Setenv("CROCO_TEST_KEY", "sk-hush")
	out := t.TempDir()
	line := "judge --answers " + model + " --reference " + reference + " --out " + out + " --endpoint " + s.URL + "/v1 --model big --retry_wait 1ms --api_key_env CROCO_TEST_KEY"
	o := works(t, line)
	require.Contains(t, o.err, "judge 24/24 judgments")
	require.Contains(t, o.out, "en            12    6     0     6  50.0 ± 15.1")
	require.Contains(t, o.out, "  maths")
	judgments := read(t, out, "judgments.jsonl")
	require.Equal(t, 24, strings.Count(judgments, "\n"))
	require.Contains(t, read(t, out, "summary.json"), `"judge_model": "big"`)
	require.Contains(t, read(t, out, "da_annotations.json"), `"model_generator": "tuned"`)
	require.NotContains(t, o.out+o.err+judgments+read(t, out, "summary.json"), "sk-hush")

	before := asked.Load()
	again := works(t, line)
	require.Equal(t, o.out, again.out)
	require.Contains(t, again.err, "24 replies of an earlier run")
	require.Equal(t, before, asked.Load(), "nothing is asked twice")

	both := works(t, line+" --both_orders --languages da")
	require.Contains(t, both.out, "da            12    6     0     6  50.0 ± 15.1")
	require.NotContains(t, both.out, "en ")
	require.Contains(t, both.out, " 50 %  ", "a fair judge prefers no side")

	other := t.TempDir()
	works(t, strings.Replace(strings.Replace(line, "--answers "+model, "--answers "+reference, 1), out, other, 1))
	compared := works(t, "eval --compare "+out+" "+other)
	require.Contains(t, compared.out, "judge_da")
	require.Contains(t, compared.out, "win_rate")
}

func TestJudgeThatFails(t *testing.T) {
	model, reference := answersOf(t, 12)
	ill := true
	s, _ := judging(t, func(w http.ResponseWriter, n int64) bool {
		if ill && n == 5 {
			http.Error(w, "too long", http.StatusBadRequest)
			return true
		}
		return false
	})
	out := t.TempDir()
	line := "judge --answers " + model + " --reference " + reference + " --out " + out + " --endpoint " + s.URL + "/v1 --model big --retry_wait 1ms"
	refused(t, 1, "croco: 1 of 24 answers are missing (the endpoint answered 400 Bad Request: too long); the others are kept: run the same command again", line)
	require.Equal(t, 23, strings.Count(read(t, out, "judgments.jsonl"), "\n"))
	ill = false
	works(t, line)
	require.Equal(t, 24, strings.Count(read(t, out, "judgments.jsonl"), "\n"))

	for options, message := range map[string]string{
		"":                                  "expected one judge",
		" --model_name_or_path x --model y": "belong to an --endpoint",
		" --model_name_or_path x --endpoint http://h/v1 --model m":     "expected one judge",
		" --endpoint http://h/v1":                                      "model: expected the name",
		" --endpoint http://h/v1 --model m --tie_handling draw":        "ties: expected one of half, win, loss",
		" --endpoint http://h/v1 --model m --api_key_env NO_SUCH_NAME": "NO_SUCH_NAME is empty or not set",
		" --endpoint http://h/v1 --model m --temperature -1":           "temperature: expected 0 or more",
	} {
		refused(t, 2, message, "judge --answers a --reference b --out c"+options)
	}
	bad := write(t, filepath.Join(t.TempDir(), "bad.jsonl"), "{\"prompt\": \"x\", \"output\": \"y\"}\n{\"prompt\": \"x\"}\n")
	refused(t, 1, "bad.jsonl:2: expected the key output", "judge --answers "+bad+" --reference "+reference+" --out "+out+" --endpoint "+s.URL+" --model m")
	wording := write(t, filepath.Join(t.TempDir(), "w.txt"), "{instruction}: {output_1}?")
	refused(t, 1, "wording: expected the place {output_2}", line+" --template "+wording)
}

func TestJudgeOfOnesOwn(t *testing.T) {
	model, reference := answersOf(t, 3)
	dir, out := talker(t), t.TempDir()
	line := "judge --answers " + model + " --reference " + reference + " --model_name_or_path " + dir + " --max_new_tokens 5 --temperature 1 --template " +
		write(t, filepath.Join(t.TempDir(), "w.txt"), "{instruction} {output_1} {output_2}")
	o := works(t, line+" --out "+out)
	require.Contains(t, o.out, "0 of 3", "a model of random weights says nothing")
	whole := read(t, out, "judgments.jsonl")
	require.Equal(t, 6, strings.Count(whole, "\n"))
	write(t, filepath.Join(out, "judgments.jsonl"), whole[:len(whole)*2/3])
	works(t, line+" --out "+out)
	require.Equal(t, whole, read(t, out, "judgments.jsonl"), "a stopped judge goes on to the same replies")
	refused(t, 1, "one less than the context of ", strings.Replace(line, model, write(t, filepath.Join(t.TempDir(), "long.jsonl"),
		strings.ReplaceAll(read(t, model), `"output": "`, `"output": "`+strings.Repeat("long ", 4000))), 1)+" --out "+t.TempDir())
}

// A judge whose process is killed while it waits for an endpoint loses nothing that was on the disk and counts nothing twice.
func TestAKilledJudgeGoesOn(t *testing.T) {
	model, reference := answersOf(t, 12)
	var stall atomic.Bool
	stall.Store(true)
	s, asked := judging(t, func(_ http.ResponseWriter, n int64) bool {
		for n > 9 && stall.Load() {
			time.Sleep(5 * time.Millisecond)
		}
		return false
	})
	out := t.TempDir()
	line := "judge --answers " + model + " --reference " + reference + " --out " + out + " --endpoint " + s.URL + "/v1 --model big"
	self, err := os.Executable()
	require.NoError(t, err)
	process := exec.Command(self, strings.Fields(line)...)
	process.Env = append(os.Environ(), "CROCO_TEST_MAIN=1")
	require.NoError(t, process.Start())
	require.Eventually(t, func() bool {
		raw, _ := os.ReadFile(filepath.Join(out, "judgments.jsonl"))
		return strings.Count(string(raw), "\n") == 9
	}, 60*time.Second, 10*time.Millisecond)
	refused(t, 1, "is in use by another run", line)
	require.NoError(t, process.Process.Kill())
	_ = process.Wait()
	stall.Store(false)
	before := asked.Load()
	require.Contains(t, works(t, line).err, "9 replies of an earlier run")
	require.Equal(t, before+24-9, asked.Load())
	require.Equal(t, 24, strings.Count(read(t, out, "judgments.jsonl"), "\n"))
}
