package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// stage is one step of a run. It makes its file, goes on with it where a run was stopped, or finds it made.
type stage struct {
	name string
	run  func(ctx context.Context) error
}

// method is a way from prompts to pairs: what is done once before the rounds, and what in every round.
type method struct {
	key      string                // its section
	also     []string              // sections of other methods that it has, too
	section  func(*Recipe) any     // what stands in it
	about    func(*Recipe) string  // how answers are scored and paired, in words
	defaults func(*Recipe)         // those of its paper, over those of all methods
	validate func(*Recipe) []error // what is missing or impossible
	round    func(*round) []stage  // prompts → a tuned policy; nil: it tunes none
	// before are the stages that make the policy of the first round; nil: it is the recipe's own.
	before func(*run) (policy, []stage)
}

// methods are those that a recipe may name.
var methods map[string]method

func init() { // their functions look methods up
	methods = map[string]method{"croco": crocoMethod, "icr": icrMethod, "lidr": lidrMethod, "cm-align": cmalignMethod, "mapo": mapoMethod,
		"rm-transfer": rmTransferMethod, "murating": muratingMethod}
}

func methodOf(name string) (method, error) {
	m, ok := methods[name]
	if !ok {
		return m, fmt.Errorf("method: expected one of %s, found %q", strings.Join(slices.Sorted(maps.Keys(methods)), ", "), name)
	}
	return m, nil
}

// within puts a section's name before an error that begins with a key; nil stays nil, which errors.Join passes over.
func within(section string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s%w", section, err)
}
