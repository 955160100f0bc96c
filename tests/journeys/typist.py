"""Somebody at the keys whose work is counted, not timed: a slow machine must not fail a test.

The keystroke-level model: S. K. Card, T. P. Moran, A. Newell, “The keystroke-level model for user performance time with
interactive systems”, Communications of the ACM 23 (7), 1980, pp. 396–410. A key takes an average typist 0.28 s (K), and
1.35 s go into thinking before each thing one wants (M). Keys held down together count one by one, capitals two.
"""

from playwright.sync_api import Page

KEY, THOUGHT = 0.28, 1.35


class Typist:
    """`keys` pressed so far, `stops` of the focus by Tab among them, `thoughts` in between."""

    def __init__(self, page: Page):
        self.page, self.keys, self.stops, self.thoughts = page, 0, 0, 0

    def press(self, *combinations: str) -> None:
        """One thing one wants, by one or several keys: „Alt+3“, „Space“."""
        self.thoughts += 1
        for keys in combinations:
            self.keys += len(keys.split("+"))
            self.stops += keys == "Tab"
            self.page.keyboard.press(keys)

    def type(self, text: str) -> None:
        self.thoughts += 1
        self.keys += len(text) + sum(letter.isupper() for letter in text)
        self.page.keyboard.type(text)

    @property
    def seconds(self) -> float:
        """As long as an average typist takes, by the model."""
        return KEY * self.keys + THOUGHT * self.thoughts
