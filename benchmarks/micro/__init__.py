"""What the parts cost, one at a time: ``make micro`` times them, ``make instructions`` counts their instructions."""
