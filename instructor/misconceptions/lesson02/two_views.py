"""Answers to `two_views(images, transform)`, wrong and right."""

import torch


def views_as_one(images, transform):
    """SimCLR puts 2N views into one batch."""
    return torch.cat(right_views(images, transform))


def views_as_lists(images, transform):
    """A batch is a list of images."""
    return [transform(image) for image in images], [transform(image) for image in images]


def views_twice(images, transform):
    """Two views are two tensors, so the view is returned twice."""
    view = torch.stack([transform(image) for image in images])
    return view, view


def views_of_the_batch(images, transform):
    """transform takes a batch as well as an image, and a batch is faster."""
    return transform(images), transform(images)


def views_of_one_draw(images, transform):
    """The batch is transformed once, and both views are that."""
    view = transform(images)
    return view, view.clone()


def view_and_image(images, transform):
    """One view is enough: compare it with the image itself."""
    return images, torch.stack([transform(image) for image in images])


def view_of_view(images, transform):
    """The second view is made from the first one."""
    view = torch.stack([transform(image) for image in images])
    return view, torch.stack([transform(image) for image in view])


def views_interleaved(images, transform):
    """Views are made two by two and then cut in the middle."""
    views = torch.stack([transform(image) for image in images for _ in range(2)])
    return views[: len(images)], views[len(images) :]


def views_of_another_shape(images, transform):
    """The two views of an image lie beside each other."""
    view1, view2 = right_views(images, transform)
    return torch.cat([view1, view2], dim=3), torch.cat([view2, view1], dim=3)


def right_views(images, transform):
    """Image by image, twice."""
    return torch.stack([transform(image) for image in images]), torch.stack([transform(image) for image in images])


def right_views_in_a_loop(images, transform):
    """Both views of an image at once, written into place."""
    views = torch.empty(2, *images.shape)
    for i in range(len(images)):
        for k in range(2):
            views[k, i] = transform(images[i])
    return tuple(views)


WRONG = {
    "not a pair": (views_as_one, "Two tensors are asked for"),
    "a list for a tensor": (views_as_lists, "put them together"),
    "wrong shape": (views_of_another_shape, "do not lie in the shape"),
    "partners in different rows": (views_interleaved, "pull strangers together"),
    "the image itself as a view": (view_and_image, "not transformed at all"),
    "a view of a view": (view_of_view, "a crop of a crop"),
    "one draw for everything": (views_of_one_draw, "a single draw"),
    "one draw for the whole batch": (views_of_the_batch, "all turn blue together"),
    "the same view twice": (views_twice, "nothing has to be forgotten"),
}

RIGHT = [right_views, right_views_in_a_loop]
