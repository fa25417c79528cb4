// placeholder, written next
export async function walks() {}
