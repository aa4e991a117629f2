/** Of the newest verified ones as many stay, whatever their age. */
export const keepVerified = 3;
/** Default minimum age of a removal, in days. Runbook section 3. */
export const keepDaysDefault = 30;
