package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/engine/trainer"
)

// parse is what dispatch does before it runs a command.
func parse(t *testing.T, args ...string) (*commands, []string, error) {
	t.Helper()
	c := newCommands()
	parser, err := kong.New(c, kong.PostBuild(prepare))
	require.NoError(t, err)
	args, notes, err := normalise(parser.Model.Node, args)
	if err == nil {
		_, err = parser.Parse(args)
	}
	return c, notes, err
}

func TestDefaultsAreThoseOfThePackages(t *testing.T) {
	c, notes, err := parse(t, "train", "dpo")
	require.NoError(t, err)
	require.Empty(t, notes)
	require.Equal(t, trainer.Defaults(trainer.DPO), c.Train.DPO.Args)
	c, _, err = parse(t, "train", "rm")
	require.NoError(t, err)
	want := trainer.Defaults(trainer.Reward) // without the options of other kinds, which nobody reads
	want.Beta, want.LossType, want.DiscopopTau, want.Reference = 0, nil, 0, ""
	got := c.Train.RM.Args
	got.Beta, got.LossType, got.DiscopopTau, got.Reference = 0, nil, 0, ""
	require.Equal(t, want, got)
	c, _, err = parse(t, "generate")
	require.NoError(t, err)
	require.Equal(t, engine.GenerateDefaults(), c.Generate.Generate)
	c, _, err = parse(t, "score")
	require.NoError(t, err)
	require.Equal(t, engine.ScoreDefaults(), c.Score.Score)
}

func TestSpellings(t *testing.T) {
	for _, line := range []string{"--lora_r 8", "--lora-r 8", "--lora_r=8", "--lora-r=8"} {
		c, _, err := parse(t, append([]string{"train", "dpo"}, strings.Fields(line)...)...)
		require.NoError(t, err)
		require.Equal(t, 8, c.Train.DPO.LoraR, line)
	}
	for line, want := range map[string]bool{"--shuffle": true, "--shuffle false": false, "--shuffle=false": false, "--shuffle False": false,
		"--shuffle true": true, "--shuffle --seed 1": true, "--shuffle 0": false, "": true} {
		c, _, err := parse(t, append([]string{"train", "sft"}, strings.Fields(line)...)...)
		require.NoError(t, err)
		require.Equal(t, want, c.Train.SFT.Shuffle, line)
	}
	for _, line := range []string{"--loss_type sigmoid,sft --loss_weights 1,-0.5", "--loss-type sigmoid sft --loss_weights 1 -0.5"} {
		c, _, err := parse(t, append([]string{"train", "dpo"}, strings.Fields(line)...)...)
		require.NoError(t, err)
		require.Equal(t, trainer.Names{"sigmoid", "sft"}, c.Train.DPO.LossType, line)
		require.Equal(t, []float64{1, -0.5}, c.Train.DPO.LossWeights, line)
	}
	for line, want := range map[string]string{"--resume": "newest", "--resume_from_checkpoint": "newest", "--resume checkpoint-3": "checkpoint-3", "": ""} {
		c, _, err := parse(t, append([]string{"train", "reward"}, strings.Fields(line)...)...)
		require.NoError(t, err)
		require.Equal(t, want, c.Train.RM.ResumeFromCheckpoint, line)
	}
	c, _, err := parse(t, "train", "dpo", "--learning_rate", "-1", "--data_seed", "7")
	require.NoError(t, err)
	require.Equal(t, -1.0, c.Train.DPO.LearningRate)
	require.EqualValues(t, 7, *c.Train.DPO.DataSeed)
}

func TestPairGetsItsArgumentsAsTheyAre(t *testing.T) {
	c, _, err := parse(t, "pair", "croco", "--compat", "authors", "--input-files", "a-b", "c", "--max_samples=-1", "--shuffle")
	require.NoError(t, err)
	require.Equal(t, []string{"--compat", "authors", "--input_files", "a-b", "c", "--max_samples=-1", "--shuffle"}, c.Pair.Croco.Args)
}

func TestArgumentsOfTRLThatChangeNothingAreNoted(t *testing.T) {
	c, notes, err := parse(t, "train", "dpo", "--dataloader_num_workers", "4", "--logging-dir", "x", "--fp16", "false", "--optim", "adamw_torch", "--beta", "0.2")
	require.NoError(t, err)
	require.Equal(t, 0.2, c.Train.DPO.Beta)
	require.Len(t, notes, 4)
	require.Equal(t, "note: dataloader_num_workers changes nothing: data are read before the first step", notes[0])
	for name := range foreignOptions {
		require.NotContains(t, flagNames(node(t, "train", "dpo")), name, "it is known after all")
	}
	_, _, err = parse(t, "train", "dpo", "--fp16", "true")
	require.ErrorContains(t, err, "fp16 true is not supported")
	_, _, err = parse(t, "generate", "--fp16", "false")
	require.ErrorContains(t, err, "unknown flag --fp16")
}

// node is the grammar of a command.
func node(t *testing.T, path ...string) *kong.Node {
	t.Helper()
	parser, err := kong.New(newCommands(), kong.PostBuild(prepare))
	require.NoError(t, err)
	n := parser.Model.Node
	for _, name := range path {
		for _, child := range n.Children {
			if child.Name == name {
				n = child
				break
			}
		}
	}
	return n
}

func TestConfigFile(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "dpo.yaml"), `# a comment
learning_rate: 5e-6
loss-type: [sigmoid, sft]
shuffle: false
eval_file: null
lora_r: 4
dataloader_num_workers: 2
`)
	c, notes, err := parse(t, "train", "dpo", "--lora_r", "32", "--config", path)
	require.NoError(t, err)
	a := c.Train.DPO
	require.Equal(t, 5e-6, a.LearningRate)
	require.Equal(t, trainer.Names{"sigmoid", "sft"}, a.LossType)
	require.False(t, a.Shuffle)
	require.Equal(t, 32, a.LoraR, "flags go before the file")
	require.Len(t, notes, 1)

	for text, message := range map[string]string{
		"beta: 1\n\nlerning_rate: 1\n": `:3: unknown key "lerning_rate"; the nearest known is "learning_rate"`,
		"beta: 1\nmax_steps: many\n":   `:2: key "max_steps": expected`,
		"lora: {r: 4}\n":               `:1: key "lora": expected a value or a list`,
		"- beta\n":                     ":1: expected keys with values",
		"beta: [\n":                    "did not find expected node content",
		"config: x\n":                  "a config file cannot name another",
	} {
		_, _, err := parse(t, "train", "dpo", "--config", write(t, path, text))
		require.ErrorContains(t, err, message, text)
		require.ErrorContains(t, err, "dpo.yaml", text)
		refused(t, 2, "dpo.yaml", "train dpo --config "+path)
	}
	_, _, err = parse(t, "train", "dpo", "--config", write(t, path, "# nothing\n"))
	require.NoError(t, err)
	refused(t, 2, "--config: ", "train dpo --config "+path+".none")
}
