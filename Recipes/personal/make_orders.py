#!/usr/bin/env python3
"""Writes orders-train.jsonl (200 rows), orders-validation.jsonl (50 rows) and orders-test.jsonl (100 rows) beside this file: messages of
customers, and the JSON that a shop wants of them. In the first it is also the solution that supervised training imitates. Everything is
made up here; the same rows on every machine."""
import json
import pathlib

ITEMS = [
    "rye loaves", "oat cookies", "apple pies", "cheese rolls", "plum cakes", "seed buns", "garlic sticks", "nut bars",
    "lemon tarts", "onion rolls", "pumpkin pies", "corn muffins", "fig pastries", "milk rolls", "carrot cakes",
    "poppy rings", "spelt loaves", "pear tarts", "honey waffles", "olive breads", "berry scones", "salt pretzels",
    "cream puffs", "date squares", "walnut loaves",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
NAMES = ["Ada", "Ben", "Chloe", "Dimitri", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kaya", "Lars", "Mina", "Noor"]
WORDS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
MESSAGES = [
    "Hi, could you bring us {count} {item} on {day}? Thanks, {name}",
    "{name} here. We are out of {item}, please send {count} by {day}.",
    "For {day}: {count} {item}, please. Best wishes, {name}",
    "Can I get {count} {item}? {day} would be fine. {name}",
    "Good morning! My sister visits on {day}, so I need {count} {item}. {name}",
    "Please put {count} {item} aside for {name}. I will come on {day}.",
    "We have a party of 30 on {day}. {count} {item} should be enough. {name}",
    "{day} again: {count} {item}, as always. Say hello to the baker! {name}",
]
REQUEST = "Write this order as JSON with the keys item, count and day. Write only the JSON, nothing before or after it.\n\n"


def row(index, has_solution):
    # Strides without a common factor with the lengths go through all combinations before one comes again.
    item, day = ITEMS[index * 7 % 25], DAYS[index * 5 % 6]
    count = 2 + index * 4 % 11
    written = WORDS[count - 2] if index % 3 == 0 else str(count)
    message = MESSAGES[(index + index // 25) % 8].format(count=written, item=item, day=day, name=NAMES[index % 14])
    answer = json.dumps({"item": item, "count": count, "day": day})
    solution = {"solution": answer} if has_solution else {}
    return json.dumps({"id": f"order-{index}", "question": REQUEST + message, "answer": answer, **solution})


folder = pathlib.Path(__file__).parent
for name, indices in [("train", range(200)), ("validation", range(2000, 2050)), ("test", range(1000, 1100))]:
    (folder / f"orders-{name}.jsonl").write_text("".join(row(index, name == "train") + "\n" for index in indices))
