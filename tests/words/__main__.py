"""`make words`: brings every catalogue to what the code says, and lists what must be translated."""

import sys

from tests.words.catalogues import TRANSLATED, missing, needed, path, read, updated, wanted, written


def main() -> int:
    """Update the files; 1 when a translation is missing."""
    messages = wanted()
    untranslated = 0
    for name in TRANSLATED:
        own = needed(name, messages)
        catalogue = updated(read(name), own)
        path(name).write_bytes(written(catalogue))
        for context, message, _ in missing(catalogue, own):
            untranslated += 1
            kind = f" ({context})" if context else ""
            sys.stdout.write(f"{name}: {message}{kind}\n")
    sys.stdout.write(
        f"{len(messages)} messages in {len(TRANSLATED)} languages, {untranslated} untranslated\n"
    )
    return 1 if untranslated else 0


if __name__ == "__main__":
    sys.exit(main())
