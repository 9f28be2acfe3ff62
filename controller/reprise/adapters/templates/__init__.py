"""Templates of new repositories, as Copier reads them."""
