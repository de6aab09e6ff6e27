"""What the account may do, divided among servers.

quota          the rule, and who may open a conversation now
client         a conversation's part in it
server_quotas  each server's part of the limits
connects       when the account may connect again
tokens         those of the last minute, estimated and corrected
fair_queue     who is next
giving         whose connection ends, or is lent, for another
lending        an idle connection that goes on to another speaker
"""
