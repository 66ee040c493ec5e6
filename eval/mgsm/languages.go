package mgsm

import "regexp"

// words are what a task says in one language: the label of a question, of a solution by steps, of an answer alone, and how
// a solution ends. They are those of the LM Evaluation Harness (lm_eval/tasks/mgsm, version 4), by which published numbers
// are made; Bengali asks for its last sentence in English there, and so here.
type words struct {
	question, steps, direct string
	ending                  *regexp.Regexp // its group is the number
}

// number is what an ending holds.
const number = `(-?[0-9.,]+)`

func ends(before, behind string) *regexp.Regexp {
	return regexp.MustCompile(regexp.QuoteMeta(before) + number + regexp.QuoteMeta(behind))
}

var languages = map[string]words{
	"bn": {"প্রশ্ন:", "ধাপে ধাপে উত্তর:", "Answer:", ends("The answer is ", "")},
	"de": {"Frage:", "Schritt-für-Schritt-Antwort:", "Antwort:", ends("Die Antwort lautet ", "")},
	"en": {"Question:", "Step-by-Step Answer:", "Answer:", ends("The answer is ", "")},
	"es": {"Pregunta:", "Respuesta paso a paso:", "Respuesta:", ends("La respuesta es ", "")},
	"fr": {"Question :", "Réponse étape par étape :", "Réponse :", ends("La réponse est ", "")},
	"ja": {"問題：", "ステップごとの答え:", "Answer:", ends("答えは", "です。")},
	"ru": {"Задача:", "Пошаговоерешение:", "Answer:", ends("Ответ — ", "")},
	"sw": {"Swali:", "Jibu la Hatua kwa Hatua:", "Answer:", ends("Jibu ni ", "")},
	"te": {"ప్రశ్న:", "దశలవారీగా సమాధానం:", "Answer:", ends("సమాధానం ", "")},
	"th": {"โจทย์:", "คำตอบทีละขั้นตอน:", "Answer:", ends("คำตอบคือ ", "")},
	"zh": {"问题：", "逐步解答:", "Answer:", ends("答案是 ", "。")},
}
