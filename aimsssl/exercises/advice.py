"""One sentence for the errors that beginners meet most: what the operation would need."""

import re

ADVICE = (
    (r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\).*dimension (\d+)",
     "Two tensors meet that have {0} and {1} entries along dimension {2}. They must have the same number there, or one "
     "of them 1 (`keepdim=True` or `[:, None]` keeps such a dimension)."),
    (r"Subtraction, the `-` operator, with a bool tensor|Negation, the `-` operator, on a bool tensor",
     "Truth values cannot be subtracted: `~mask` turns a mask round."),
    (r"must have shape .*, got \[",
     "A function of the package got another shape than it takes: the line above says which one. `x[None]` puts "
     "a dimension in front, `x[0]` takes it away."),
    (r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)",
     "In a matrix product the columns of the left ({1}) must be as many as the rows of the right ({2}): is one of them "
     "to be transposed?"),
    (r"A must be batches of square matrices|must be a square|Last 2 dimensions of the array must be square",
     "Only a square matrix has eigenvalues (and an inverse); every matrix has singular values: torch.linalg.svdvals."),
    (r"size mismatch|inconsistent tensor size|vectors? of (the )?same|expected size .* but got",
     "The shapes do not fit the operation: print `.shape` of both just before this line."),
    (r"unexpected keyword argument '(\w+)'",
     "The function has no argument `{0}`. PyTorch says `dim` and `keepdim`, NumPy says `axis` and `keepdims`."),
    (r"index (-?\d+) is out of bounds for (?:dimension|axis) (\d+) with size (\d+)",
     "There are {2} entries along dimension {1}, so the last index is {2}−1; {0} was asked for."),
    (r"argument '\w+' \(position \d+\) must be Tensor, not (?!float|int)(\w+)",
     "The operation got a {0} where it needs a tensor. A layer is made first and called afterwards: nn.ReLU()(x)."),
    (r"argument '\w+' \(position \d+\) must be Tensor, not (\w+)",
     "The operation needs a tensor and got a plain number (of type {0}): the module `math` has it for numbers."),
    (r"cannot sample n_sample > prob_dist|larger sample than population|Sample larger than population",
     "More draws are wanted than there is to draw from: without replacement each comes once at most."),
    (r"(?:list|tuple|string) index out of range", "The list is shorter than that: its last index is its length − 1."),
    (r"shape of the mask .* does not match the shape of the indexed tensor",
     "A mask picks entries one by one: it needs the shape of what it is put on, or of its first dimensions."),
    (r"(?:boolean|bool) index did not match|too many indices for (?:tensor|array)",
     "There are more indices (or a longer mask) than the tensor has dimensions or entries."),
    (r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)",
     "The tensor has no dimension {2}: its dimensions go from {0} to {1}. Has an earlier step taken one away?"),
    (r"mean\(\): could not infer|mean\(\): input dtype should be|[Ii]nput dtype must be either a floating|"
     r"not implemented for '(?:Long|Int|Bool)'|linalg.*floating point",
     "This operation needs floats; the tensor holds whole numbers or truth values: `.float()` makes floats."),
    (r"expected (?:m1 and m2|scalar type|tensor for argument|both tensors|.*same dtype)|must have the same dtype",
     "Two tensors of different number types meet: bring both to the same one, for example with `.float()`."),
    (r"tensors used as indices must be|only integer(?:s| tensors)|indices must be integers|arrays used as indices",
     "An index must be a whole number: `.long()` for a tensor, `int(…)` for a single number."),
    (r"expects? index|Expected dtype int64 for index|\"host_softmax\"|nll_loss.*not implemented|expected .*Long",
     "The indices (or labels) must be int64: `.long()` makes them so."),
    (r"Target (\S+) is out of bounds",
     "A label (or index of the right answer) is {0}, and there are not so many columns to choose from."),
    (r"[Ee]xpected input batch_size \((\d+)\) to match target batch_size \((\d+)\)",
     "There are {0} rows of scores and {1} right answers: one for each row is needed."),
    (r"Expected reduction dim .* numel\(\) == 0|zero-size array|max\(\) arg is an empty|min\(\) arg is an empty",
     "A maximum or minimum of nothing: which group or list is empty here?"),
    (r"Module \[(\w+)\] is missing the required \"forward\" function",
     "{0} only holds layers and does not say what to do with its input: a module needs a `forward`."),
    (r"cannot assign module before Module.__init__|cannot assign parameters before Module.__init__",
     "The first line of a module's __init__ must be `super().__init__()`."),
    (r"is not a Module subclass", "nn.Sequential takes layers one by one, not a list: `nn.Sequential(*layers)`."),
    (r"Boolean value of Tensor with more than one value|truth value of an array",
     "`if`, `and`, `or` and `not` want one truth value. For a whole tensor there are `&`, `|`, `~`, `.any()`, `.all()` "
     "and torch.where."),
    (r"only one element tensors can be converted|can only convert an array of size 1|a Tensor with \d+ elements cannot",
     "Only a tensor with a single number can become a Python number."),
    (r"Can't call numpy\(\) on Tensor that requires grad",
     "A tensor that carries a gradient cannot become a NumPy array. Stay in PyTorch, or the gradient is cut."),
    (r"does not require grad|leaf Variable that requires grad.*in-place|modified by an inplace operation",
     "The way back of the gradient is cut or overwritten: make new tensors in place of changing one."),
    (r"shape '\[(.*)\]' is invalid for input of size (\d+)",
     "{1} numbers do not fill the shape [{0}]: the product of the sizes must be the same."),
    (r"stack expects each tensor to be equal size|Sizes of tensors must match except in dimension",
     "All tensors of the list must have the same shape (torch.cat: but for the dimension that they are joined along)."),
    (r"expected Tensor as element|expected a (?:non-empty )?list of Tensors|argument 'tensors'",
     "torch.stack and torch.cat take a list of tensors, not numbers and not nothing."),
    (r"'(\w+)' object has no attribute '(\w+)'",
     "A {0} has nothing called `{1}`: is it of the type that you think? print(type(…)) tells."),
    (r"name '(\w+)' is not defined", "`{0}` is unknown here: a typing mistake, a missing import, or a cell not run?"),
    (r"local variable '(\w+)'|cannot access local variable '(\w+)'",
     "A variable is used on a way through the function on which it has no value yet."),
    (r"missing (\d+) required positional argument", "A call leaves out an argument that the function needs."),
    (r"takes (?:from \d+ to )?(\d+) positional arguments? but (\d+)", "A call has more arguments than the function."),
    (r"unsupported operand type\(s\) for (\S+)", "The two sides of `{0}` do not go together: print the type of both."),
    (r"division by zero", "Something was divided by 0: which size or sum can be 0 here?"),
    (r"math domain error|expected a nonnegative input|expected a positive input",
     "A logarithm of 0 or of a negative number, or the root of a negative number."),
    (r"math range error|int too large|Result too large", "A number too large for a float: an exponential?"),
    (r"maximum recursion depth", "The function calls itself without end: does its name hide another function?"),
    (r"object is not callable", "Something that is no function is called: round brackets where square ones are meant?"),
    (r"object is not subscriptable|object is not iterable|cannot unpack|values to unpack",
     "A value has another form than this line expects: a single value in place of several, or the other way round."),
)  # fmt: skip


def advice(error: BaseException) -> str:
    """What the operation would have needed, in a sentence; empty for an error that is not in the list."""
    if isinstance(error, AssertionError):
        return "One of your own assertions does not hold for these inputs."
    if isinstance(error, KeyError):
        return f"The dictionary has no {error.args[0] if error.args else 'such key'!r}."
    if isinstance(error, StopIteration):
        return "`next` found nothing: the search came up empty."
    text = str(error)
    for pattern, sentence in ADVICE:
        if match := re.search(pattern, text, re.DOTALL):
            return sentence.format(*(group or "" for group in match.groups()))
    return ""
