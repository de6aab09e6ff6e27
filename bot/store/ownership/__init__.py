"""Which process uses the database.

lease      one alone: SQLite
processes  several, which divide shards and limits: PostgreSQL
"""
