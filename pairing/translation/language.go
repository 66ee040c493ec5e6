package translation

import (
	"fmt"
	"slices"
	"strings"
)

// Name is a language's English name.
func Name(code string) (string, error) {
	name, ok := names[code]
	if !ok {
		return "", unknown(code)
	}
	return name, nil
}

// Language is the code and the English name of a language that is written as either of them: da, Danish, danish, da-DK.
func Language(word string) (code, name string, err error) {
	lower := strings.ToLower(word)
	code, _, _ = strings.Cut(strings.ReplaceAll(lower, "_", "-"), "-")
	if name, ok := names[code]; ok {
		return code, name, nil
	}
	for code, name := range names {
		if strings.ToLower(name) == lower {
			return code, name, nil
		}
	}
	return "", "", unknown(word)
}

func unknown(word string) error {
	var known []string
	for code := range names {
		known = append(known, code)
	}
	slices.Sort(known)
	return fmt.Errorf("language %q: no name known for it; expected one of %s", word, strings.Join(known, " "))
}

// names of the languages that the two papers use, and some more.
var names = map[string]string{
	"ar": "Arabic", "bn": "Bengali", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
	"es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician", "he": "Hebrew", "hi": "Hindi",
	"id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "mt": "Maltese", "nl": "Dutch", "no": "Norwegian",
	"pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "sw": "Swahili", "te": "Telugu",
	"th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}
