"""The tests of corsmith: one partner per module, and the folders that hold whole ideas."""
