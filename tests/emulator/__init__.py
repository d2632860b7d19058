"""An emulated Mi Smart Band 4 and the radio world around it.

Nothing here imports the integration: what the band does is written down a second time, from the
protocol documents, so that the two can disagree.
"""
