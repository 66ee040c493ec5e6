package study

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"croco/engine/demo"
	"croco/model"
	"croco/toyworld"
)

// The models of a seed, as folders under models/SEED. Both reward models start from the policy.
const (
	policyModel = "policy"
	enModel     = "reward" // trained on English pairs alone
	mixModel    = "mix"    // trained on three quarters of English pairs, and a twentieth of each other language
)

// modelFolder is the folder of one model of a seed. A model that is not there is trained, or, of seed 0, unpacked from
// the program: its policy and English reward model are those of croco demo.
func (s *Study) modelFolder(seed int, name string) (string, error) {
	home := filepath.Join(s.Dir, "models", fmt.Sprint(seed))
	folder := filepath.Join(home, name)
	if _, err := os.Stat(folder); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return folder, err
	}
	if seed == 0 && name != mixModel {
		return folder, demo.Unpack(home)
	}
	m, err := s.trainModel(seed, name)
	if err != nil {
		return "", err
	}
	defer m.Close()
	half := folder + ".part"
	if err := demo.Save(m, half); err != nil {
		return "", err
	}
	return folder, os.Rename(half, folder)
}

func (s *Study) trainModel(seed int, name string) (*model.Model, error) {
	log := func(line string) { s.say("seed %d, %s: %s", seed, name, line) }
	if name == policyModel {
		return demo.Pretrain(s.Device, uint64(seed), toyworld.Pretraining.Steps, log)
	}
	folder, err := s.modelFolder(seed, policyModel)
	if err != nil {
		return nil, err
	}
	policy, err := model.Open(folder, model.Options{Device: s.Device, Trainable: model.All})
	if err != nil {
		return nil, err
	}
	defer policy.Close()
	rounds := toyworld.RewardRounds
	if name == mixModel {
		rounds = toyworld.MixedRewardRounds
	}
	return demo.TrainReward(s.Device, policy, rounds, uint64(seed), log)
}
