"""Reviews of the pathway plan: asked for, arranged, held. Only one that was held is done."""
