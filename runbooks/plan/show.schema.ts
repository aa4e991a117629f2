import { describedPlan } from '../../src/operations/approval/schema.ts';

export default describedPlan;
