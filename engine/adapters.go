package engine

import (
	"encoding/json"
	"os"
	"path/filepath"

	"croco/model/hub"
)

// classifies says whether an adapter is a reward model's: of a sequence classifier, with a score of its own.
func classifies(adapter string) bool {
	dir, err := hub.Resolve(adapter)
	if adapter == "" || err != nil {
		return false
	}
	var config struct {
		TaskType string `json:"task_type"`
	}
	raw, err := os.ReadFile(filepath.Join(dir, "adapter_config.json"))
	return err == nil && json.Unmarshal(raw, &config) == nil && config.TaskType == "SEQ_CLS"
}
