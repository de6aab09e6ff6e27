"""A text -> its translation, by Qwen-MT.

qwen_mt         one request, through the official SDK
queue           which text goes out when, under the account's limits
finals          whose turn it is, and who goes along
batching        several sentences in one request, and back to each
request_budget  requests per minute and per second
"""
