package model

const adapterPrefix = "base_model.model."

func adapterKey(module, which string) string {
	return adapterPrefix + module + ".lora_" + which + ".weight"
}
