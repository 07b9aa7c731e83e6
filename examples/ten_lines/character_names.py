"""Names characters: JavaScript knows thousands of characters, and Python their names."""

import unicodedata


class CharacterNames:
    def execute(self, text):
        return list(self.execute_stream(text))

    def execute_stream(self, text):
        for character in text:
            yield unicodedata.name(character, "(no name)").lower()
