"""What a server keeps of its calls, and for them: transcripts and a glossary, and their files."""
