package cpu

func supported() []choice { return []choice{{"go", &portable}} }
