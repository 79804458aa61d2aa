/** How files end that `-r` takes, in lower case and any case. */
export const acceptedExtensions: readonly string[] = ['jpg', 'jpeg', 'png', 'webp'];
