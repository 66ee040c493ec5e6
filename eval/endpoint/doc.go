// Package endpoint asks language models behind an OpenAI-compatible address (POST …/chat/completions), and expects them to
// fail.
//
//	New          an endpoint from Options; the key comes from an environment variable
//	Ask          many requests → an answer each, some at a time, through a journal
//	Missing      the error when some have none: how many, why, how to go on
//	Request      what is asked: its Body is what the journal's key is made of
//	Reply        what came back
//
// # What happens to a request
//
//	answered                          into the journal, on the disk, before the next request is sent
//	no answer in time, connection     again, after 1, 2, 4 … seconds (Options.Wait), each between half and all of that
//	 lost, 408, 409, 425, 5xx, a       at random, so that many clients do not come back together
//	 body that is no answer
//	429, or 503 with Retry-After      all requests rest as long as the server asks for, then again
//	400, 413, 422 and the like        this request has failed for good; the others go on
//	401, 403, 404, a redirect         all requests would fail: the run ends
//
// A request that failed Options.Retries times again is given up, and three in a row without an answer between them end the
// run. What was answered is kept in any case, and the same command asks only for the rest.
//
// The key is sent in one header and stands nowhere else: where a server repeats it, *** is written.
package endpoint
