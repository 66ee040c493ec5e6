package trainer

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestSetReadsFlags(t *testing.T) {
	a := Defaults(DPO)
	for key, value := range map[string]string{"learning-rate": "5e-3", "use_peft": "false", "lora_target_modules": "q_proj, v_proj",
		"loss_type": "sigmoid,sft", "loss_weights": "1,0.5", "data_seed": "7", "resume_from_checkpoint": "true", "max_steps": "12", "output_dir": "2024"} {
		require.NoError(t, a.Set(DPO, key, value), key)
	}
	require.Equal(t, 5e-3, a.LearningRate)
	require.False(t, a.UsePEFT)
	require.Equal(t, Names{"q_proj", "v_proj"}, a.LoraTargetModules)
	require.Equal(t, []float64{1, 0.5}, a.LossWeights)
	require.Equal(t, uint64(7), *a.DataSeed)
	require.Equal(t, "true", a.ResumeFromCheckpoint)
	require.Equal(t, "2024", a.OutputDir)

	require.ErrorContains(t, a.Set(DPO, "learning_rat", "1"), "the nearest is learning_rate")
	require.ErrorContains(t, a.Set(SFT, "beta", "1"), "unknown option beta of sft training")
	require.ErrorContains(t, a.Set(DPO, "max_steps", "many"), `max_steps: expected a whole number, found "many"`)
	require.ErrorContains(t, a.Set(DPO, "shuffle", "perhaps"), "expected true or false")
	require.ErrorContains(t, a.Set(DPO, "loss_weights", "1,x"), "separated by commas")
}

func TestEveryOptionHasHelp(t *testing.T) {
	for _, kind := range []Kind{DPO, SFT, Reward} {
		for _, key := range Keys(kind) {
			require.NotEmpty(t, Help(key), key)
		}
	}
}

func TestYAMLSpellsListsBothWays(t *testing.T) {
	for _, text := range []string{"loss_type: sigmoid, sft", "loss_type: [sigmoid, sft]", "loss_type:\n- sigmoid\n- sft"} {
		a := Defaults(DPO)
		require.NoError(t, yaml.Unmarshal([]byte(text), &a))
		require.Equal(t, Names{"sigmoid", "sft"}, a.LossType)
	}
}
