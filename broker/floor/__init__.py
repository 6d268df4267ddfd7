"""The part of a policy that the kernel can enforce by itself."""
