"""Writes golden.json: what the LM Evaluation Harness's own task files make of some problems and answers.

    python golden.py CHECKOUT_OF_LM_EVALUATION_HARNESS > golden.json        (4e7e0d4; needs jinja2, pyyaml)

Prompts are rendered from doc_to_text, targets from doc_to_target, answers filtered by the regular expressions of the files
with Python's re as lm_eval/filters/extraction.py applies them, and compared as exact_match does it with ignore_case and
ignore_punctuation.
"""
import json
import re
import string
import sys

import jinja2
import yaml

root = sys.argv[1] + "/lm_eval/tasks/mgsm/"
languages = ["bn", "de", "en", "es", "fr", "ja", "ru", "sw", "te", "th", "zh"]
endings = {"bn": "The answer is {}.", "de": "Die Antwort lautet {}.", "en": "The answer is {}.", "es": "La respuesta es {}.",
           "fr": "La réponse est {}.", "ja": "答えは{}です。", "ru": "Ответ — {}.", "sw": "Jibu ni {}.", "te": "సమాధానం {}.",
           "th": "คำตอบคือ {}", "zh": "答案是 {}。"}
numbers = ["18", "1,000", "-5", "3.5", "$42", "42.", "x", ".", "7..", "٣"]
free = ["", "no number", "5", "it was 3 and then 12.", "$1,234.50 in all", "-7-8", "9\n10\n", "1 2 3 .", "a5b", "12$ 4", "The answer is", "!!", "--5", "  18\n"]
answers = {"18": 0, "1000": 1, "5": 2}


def load(path):
    config = yaml.safe_load(open(root + path, encoding="utf8"))
    if "include" in config:
        base = yaml.safe_load(open(root + path.rsplit("/", 1)[0] + "/" + config["include"], encoding="utf8"))
        config = {**base, **config}
    return config


def render(template, doc):
    return jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(template).render(**doc)


def take(filters, text):
    for f in filters:
        if f["function"] == "remove_whitespace":
            text = text.lstrip()
        elif f["function"] == "regex":
            found = re.compile(f["regex_pattern"]).findall(text)
            if not found:
                text = "[invalid]"
                continue
            m = found[f.get("group_select", 0)]
            if isinstance(m, tuple):
                m = [g for g in m if g]
                m = m[0] if m else "[invalid]"
            text = m.strip()
    return text


def equal(a, b):
    table = str.maketrans("", "", string.punctuation)
    return a.lower().translate(table) == b.lower().translate(table)


cases = []
for l in languages:
    for form in ["native_cot", "direct", "en_cot"]:
        config = load(f"{form}/mgsm_{form}_{l}.yaml")
        question = config["generation_kwargs"]["until"][0]
        label = re.search(r'\\n(.*?)"', load(f"native_cot/mgsm_native_cot_{l}.yaml")["doc_to_text"]).group(1)
        solved = {"question": question + " 1+1?", "answer": label + " " + endings[l].format(2), "answer_number": 2}
        asked = {"question": "2+2?", "answer": None, "answer_number": 4}
        text = render(config["doc_to_text"], solved) + config["target_delimiter"] + render(config["doc_to_target"], solved) + "\n\n" + render(config["doc_to_text"], asked)
        case = {"language": l, "form": form, "solved": solved, "prompt": text, "stops": config["generation_kwargs"]["until"], "filters": []}
        texts = [endings[e].format(n) for e in {l, "en"} for n in numbers] + [endings[l].format(3) + " " + endings[l].format(4)] + free
        for f in config["filter_list"]:
            rows = []
            for t in sorted(set(texts)):
                found = take(f["filter"], t)
                rows.append([t, found, [equal(found, a) for a in answers]])
            case["filters"].append({"name": f["name"], "rows": rows})
        cases.append(case)
json.dump({"answers": list(answers), "cases": cases}, sys.stdout, ensure_ascii=False)
