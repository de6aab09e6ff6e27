"""`make capacity`: how many rooms of two talking people one process of the bot holds."""
