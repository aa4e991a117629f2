/** Of the newest verified ones as many stay, whatever their age. */
export const keepVerified = 3;
/** Younger ones stay unless told otherwise, in days. Runbook section 3. */
export const keepDaysDefault = 30;
