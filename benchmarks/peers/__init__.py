"""What a user would run instead of Switchboard: their servers, and how each is started.

The servers below run in environments of their own and are no modules of this package.
"""
