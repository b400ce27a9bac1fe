"""Answers to `jitter_and_normalize(image, strength, u, mean, std)`, wrong and right."""

import torch

LUMA = torch.tensor([0.2989, 0.587, 0.114])


def luma(image):
    return (LUMA[:, None, None] * image).sum(dim=0, keepdim=True)


def factors_of(strength, u):
    low = max(0.0, 1 - 0.8 * strength)
    return low + u * (1 + 0.8 * strength - low)


def normalized(image, mean, std):
    return (image - mean[:, None, None]) / std[:, None, None]


def blend(image, grey, factor):
    return factor * image + (1 - factor) * grey


def jittered(image, f, order="bcs", clamp=True):
    for operation in order:
        if operation == "b":
            image = f[0] * image
        elif operation == "c":
            image = blend(image, luma(image).mean(), f[1])
        else:
            image = blend(image, luma(image), f[2])
        if clamp:
            image = image.clamp(0, 1)
    return image


def jitter_around_zero(image, strength, u, mean, std):
    """A draw from minus the strength to the strength."""
    return normalized(jittered(image, 0.8 * strength * (2 * u - 1)), mean, std)


def jitter_one_sided(image, strength, u, mean, std):
    """The factor begins at 1 and goes up."""
    return normalized(jittered(image, 1 + 0.8 * strength * u), mean, std)


def jitter_too_wide(image, strength, u, mean, std):
    """The strength is the half width of the range."""
    return normalized(jittered(image, 1 + strength * (2 * u - 1)), mean, std)


def jitter_draws_in_another_order(image, strength, u, mean, std):
    """The draws are taken from the back, as a list's pop does."""
    f = factors_of(strength, u)
    return normalized(jittered(image, f[[2, 0, 1]]), mean, std)


def jitter_added(image, strength, u, mean, std):
    """Brighter means: add some light."""
    f = factors_of(strength, u)
    one = torch.ones(())
    image = (image + f[0] - 1).clamp(0, 1)
    return normalized(jittered(image, torch.stack([one, f[1], f[2]])), mean, std)


def jitter_upside_down(image, strength, u, mean, std):
    """The factor says how much grey there is."""
    f = factors_of(strength, u)
    image = (f[0] * image).clamp(0, 1)
    image = blend(image, luma(image).mean(), 1 - f[1]).clamp(0, 1)
    return normalized(blend(image, luma(image), 1 - f[2]).clamp(0, 1), mean, std)


def jitter_middle_grey(image, strength, u, mean, std):
    """Contrast is the distance from the middle of the scale."""
    f = factors_of(strength, u)
    image = (f[0] * image).clamp(0, 1)
    image = blend(image, 0.5, f[1]).clamp(0, 1)
    return normalized(blend(image, luma(image), f[2]).clamp(0, 1), mean, std)


def jitter_channel_means(image, strength, u, mean, std):
    """Contrast is the distance from the mean of each channel."""
    f = factors_of(strength, u)
    image = (f[0] * image).clamp(0, 1)
    image = blend(image, image.mean(dim=(1, 2), keepdim=True), f[1]).clamp(0, 1)
    return normalized(blend(image, luma(image), f[2]).clamp(0, 1), mean, std)


def jitter_plain_grey(image, strength, u, mean, std):
    """Grey is the mean of the three channels."""
    f = factors_of(strength, u)
    image = (f[0] * image).clamp(0, 1)
    image = blend(image, image.mean(), f[1]).clamp(0, 1)
    return normalized(blend(image, image.mean(dim=0, keepdim=True), f[2]).clamp(0, 1), mean, std)


def jitter_another_order(image, strength, u, mean, std):
    """Saturation first: the order does not matter."""
    return normalized(jittered(image, factors_of(strength, u), order="sbc"), mean, std)


def jitter_old_grey(image, strength, u, mean, std):
    """The greys are measured once, at the start."""
    f, grey = factors_of(strength, u), luma(image)
    image = (f[0] * image).clamp(0, 1)
    image = blend(image, grey.mean(), f[1]).clamp(0, 1)
    return normalized(blend(image, luma(image), f[2]).clamp(0, 1), mean, std)


def jitter_unclamped(image, strength, u, mean, std):
    """The network can take any number."""
    return normalized(jittered(image, factors_of(strength, u), clamp=False), mean, std)


def jitter_clamped_once(image, strength, u, mean, std):
    """One clamp at the end does the same."""
    return normalized(jittered(image, factors_of(strength, u), clamp=False).clamp(0, 1), mean, std)


def jitter_negative(image, strength, u, mean, std):
    """From 1 − 0.8·strength to 1 + 0.8·strength, whatever the strength."""
    return normalized(jittered(image, 1 + 0.8 * strength * (2 * u - 1)), mean, std)


def jitter_cut_at_zero(image, strength, u, mean, std):
    """A negative factor becomes 0."""
    return normalized(jittered(image, (1 + 0.8 * strength * (2 * u - 1)).clamp(min=0)), mean, std)


def jitter_only(image, strength, u, mean, std):
    """The jitter is the exercise."""
    return jittered(image, factors_of(strength, u))


def jitter_after_normalizing(image, strength, u, mean, std):
    """Normalise first, as everywhere else in machine learning."""
    return jittered(normalized(image, mean, std), factors_of(strength, u))


def jitter_clamped_last(image, strength, u, mean, std):
    """A picture lies between 0 and 1, so the last line is a clamp."""
    return jitter_reference(image, strength, u, mean, std).clamp(0, 1)


def jitter_mean_and_std_swapped(image, strength, u, mean, std):
    """Divide, then shift."""
    image = jittered(image, factors_of(strength, u))
    return image / std[:, None, None] - mean[:, None, None]


def jitter_times_std(image, strength, u, mean, std):
    """Scale by the std."""
    image = jittered(image, factors_of(strength, u))
    return (image - mean[:, None, None]) * std[:, None, None]


def jitter_reference(image, strength, u, mean, std):
    """Step by step."""
    return normalized(jittered(image, factors_of(strength, u)), mean, std)


def jitter_with_lerp(image, strength, u, mean, std):
    """Each blend as torch.lerp from the grey to the picture, brightness from black; the channel axis last."""
    smallest = 1 - 0.8 * strength if strength < 1.25 else 0.0
    picture = image.movedim(0, -1)  # [H, W, 3]
    for kind, draw in enumerate(u.tolist()):
        f = smallest * (1 - draw) + (1 + 0.8 * strength) * draw
        shades = (picture @ LUMA)[..., None]
        grey = [torch.zeros(()), shades.mean(), shades][kind]
        picture = torch.lerp(grey.expand_as(picture), picture, f).clip(0, 1)
    return ((picture - mean) / std).movedim(-1, 0)


WRONG = {
    "a factor around 0": (jitter_around_zero, "1 is the factor that changes nothing"),
    "a factor on one side of 1": (jitter_one_sided, "never sees the other side"),
    "strength without the 0.8": (jitter_too_wide, "too wide"),
    "draws in another order": (jitter_draws_in_another_order, "The draws are for brightness"),
    "added, not multiplied": (jitter_added, "black stays black"),
    "the blend upside down": (jitter_upside_down, "only the grey of the picture"),
    "grey of 0.5": (jitter_middle_grey, "middle of the scale"),
    "each channel's own mean": (jitter_channel_means, "its own mean"),
    "a grey without the weights of luma": (jitter_plain_grey, "finds green brighter"),
    "another order of the three": (jitter_another_order, "another order than the contract"),
    "grey of the picture before": (jitter_old_grey, "measured too early"),
    "not clamped": (jitter_unclamped, "No picture has such pixels"),
    "clamped at the end only": (jitter_clamped_once, "whiter than white"),
    "a negative factor": (jitter_negative, "its negative"),
    "negative factors piled up at 0": (jitter_cut_at_zero, "spread evenly"),
    "not normalised": (jitter_only, "mean and std change nothing"),
    "normalised before the jitter": (jitter_after_normalizing, "was normalised first"),
    "clamped after normalising": (jitter_clamped_last, "throws half"),
    "mean and std in each other's place": (jitter_mean_and_std_swapped, "First the mean goes"),
    "multiplied by the std": (jitter_times_std, "spread of each channel"),
}

RIGHT = [jitter_reference, jitter_with_lerp]
