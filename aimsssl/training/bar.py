"""What a terminal shows of a run."""

from tqdm import tqdm

from .runs import Run


class Bar:
    """A line in the terminal: epoch, loss beside chance, kNN, time left."""

    def __init__(self, epochs: int, chance_loss: float | None):
        self.bar, self.chance_loss = None, chance_loss
        self.epochs = epochs

    def __call__(self, run: Run) -> None:
        row = run.history[-1]
        if self.bar is None:
            self.bar = tqdm(total=self.epochs, initial=row["epoch"], unit="epoch", desc="training")
        self.bar.update(row["epoch"] - self.bar.n)
        text = []
        if row["loss"] is not None:
            chance = f" (chance {self.chance_loss:.2f})" if self.chance_loss else ""
            text.append(f"loss {row['loss']:.3f}{chance}")
        measured = [r["knn_accuracy"] for r in run.history if r["knn_accuracy"] is not None]
        if measured:
            text.append(f"kNN {measured[-1]:.3f}")
        self.bar.set_postfix_str(", ".join(text))
        if row["epoch"] == self.epochs:
            self.close()

    def close(self) -> None:
        """Leave the line as it is: one that is left open is drawn again and again into the next one."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
