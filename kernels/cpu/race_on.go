//go:build race

package cpu

// raceEnabled makes helpers park at once: under the race detector spinning starves the others.
const raceEnabled = true
